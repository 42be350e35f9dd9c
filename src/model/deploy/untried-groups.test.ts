import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { untriedGroups } from './untried-groups.ts'

test('a group is untried when none of its machines starts with the release', () => {
  const step = (action: 'release_command' | 'create' | 'update' | 'destroy', group: string, warm: boolean) => ({ action, group, warm })
  assert.deepEqual(
    untriedGroups([
      step('release_command', 'fly_app_release_command', false),
      step('update', 'app', true),
      step('update', 'app', false),
      step('update', 'worker', false),
      step('update', 'worker', false),
      step('create', 'cron', true),
      step('destroy', 'gone', false),
    ]),
    ['worker'],
  )
  assert.deepEqual(untriedGroups([]), [])
})
