import type { Release } from '../../model/app.ts'
import type { AppName } from '../../model/ids.ts'
import type { SecretSet } from '../../model/secret.ts'
import { keys } from '../../store/keys.ts'
import type { Records } from '../state/records.ts'

/** What a new release says of secrets: its machines get those of now, whatever is staged later, until another release takes over. */
export const secretsPin = (records: Records, app: AppName): Required<Pick<Release, 'secretsVersion'>> => ({
  secretsVersion: records.get<SecretSet>(keys.secretSet(app))?.version ?? 0,
})
