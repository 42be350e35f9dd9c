import { faultReply } from '../../../protocol/machines-api.ts'
import { writeBackup, type BackupSource } from '../../backup/write-backup.ts'
import { route, type Route } from '../route.ts'

/** The whole platform in one file: all orgs, so only for its operator. */
export const backupRoutes = (source: BackupSource): readonly Route[] => [
  route({
    method: 'GET',
    path: '/v1/kante/backup',
    tag: 'kante',
    access: 'operate',
    isRecorded: true,
    summary: 'A backup: the store at one revision and the layers of kept bundles; never the master key',
    replies: {
      200: { description: 'the file', type: 'application/octet-stream' },
      403: { description: 'not an operator’s token', schema: faultReply },
    },
    handle: () => ({ stream: writeBackup(source), type: 'application/octet-stream', fileName: 'kante.backup' }),
  }),
]
