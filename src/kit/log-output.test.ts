import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { logWriter } from './log-output.ts'

function scripted(sizeBytes = 0) {
  const file = { text: '', error: undefined as string | undefined, rotations: 0 }
  const refuse = () => {
    if (file.error !== undefined) throw Object.assign(new Error(file.error), { code: file.error })
  }
  const write = logWriter(
    {
      write: (text) => {
        refuse()
        file.text += text
      },
      sizeBytes: () => sizeBytes,
      rotate: () => {
        refuse()
        file.rotations++
        file.text = ''
      },
    },
    100,
  )
  return { file, write }
}

test('a full disk loses lines and says afterwards how many', () => {
  const { file, write } = scripted()
  write('a\n')
  file.error = 'ENOSPC'
  write('b\n')
  write('c\n')
  file.error = undefined
  write('d\n')
  assert.match(file.text, /^a\n\{.*"2 lines of this log were lost.*\}\nd\n$/)
})

test('a log beyond its limit begins anew, at the next line when it was so before', () => {
  const { file, write } = scripted(101)
  write('first\n')
  assert.equal(file.rotations, 1)
  for (let line = 0; line < 30; line++) write('0123456789\n')
  assert.equal(file.rotations, 4)
})

test('a log that cannot be rotated goes on where it is, and what is no trouble of the disk is a mistake', () => {
  const { file, write } = scripted(101)
  file.error = 'ENOSPC'
  write('lost\n')
  file.error = undefined
  write('kept\n')
  assert.match(file.text, /1 lines.*kept/s)
  file.error = 'EBADF'
  assert.throws(() => write('x\n'), /EBADF/)
})
