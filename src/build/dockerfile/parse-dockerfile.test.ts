import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isFault } from '../../model/fault/fault.ts'
import { maxDockerfileBytes } from './instructions.ts'
import { parseDockerfile } from './parse-dockerfile.ts'

const final = (text: string, options = {}) => parseDockerfile('Dockerfile', text, options).final

test("the tutorial's Dockerfile says what to start, where and on which port", () => {
  const stage = final(`FROM node:20-alpine
WORKDIR /app
COPY package*.json ./
RUN npm ci --only=production
COPY . .
EXPOSE 8080
CMD ["node", "index.js"]
`)
  assert.deepEqual(
    { image: stage.baseImage, workdir: stage.workdir, ports: stage.ports, runs: stage.runs, argv: stage.command?.argv, form: stage.command?.form },
    { image: 'node:20-alpine', workdir: '/app', ports: [8080], runs: ['npm ci --only=production'], argv: ['node', 'index.js'], form: 'exec' },
  )
})

test('commands in shell form become words, or a shell where only one understands them', () => {
  const argv = (command: string) => final(`FROM a\nCMD ${command}`).command?.argv
  assert.deepEqual(argv('node index.js'), ['node', 'index.js'])
  assert.deepEqual(argv('gunicorn -b 0.0.0.0:8080 "app:app"'), ['gunicorn', '-b', '0.0.0.0:8080', 'app:app'])
  assert.deepEqual(argv('node index.js --port $PORT'), ['/bin/sh', '-c', 'node index.js --port $PORT'])
  assert.deepEqual(argv('migrate && serve'), ['/bin/sh', '-c', 'migrate && serve'])
  assert.deepEqual(argv("['node', 'x']"), ['/bin/sh', '-c', "['node', 'x']"])
})

test('env is expanded in order, quoted and in the old form', () => {
  const { env, workdir, ports } = final(
    `ARG VERSION=1\nFROM base:\${VERSION}\nARG VERSION\nARG PORT=3000\nENV A=1 B="x y" C='z'\nENV D the rest of it\nENV E=$A-\${NONE:-none}-\${A:+set} F=\\$A G=v$VERSION\nENV PORT=$PORT\nWORKDIR /srv\nWORKDIR "app"\nEXPOSE $PORT 9000/udp 5000-5002/tcp`,
    { args: { PORT: '4000' } },
  )
  assert.deepEqual(env, { A: '1', B: 'x y', C: 'z', D: 'the rest of it', E: '1-none-set', F: '$A', G: 'v1', PORT: '4000' })
  assert.equal(workdir, '/srv/app')
  assert.deepEqual(ports, [4000, 5000])
})

test('stages inherit, the last or the target counts, copies between stages are named', () => {
  const text = `# syntax=docker/dockerfile:1
FROM --platform=$BUILDPLATFORM node:24 AS Base
ENV NODE_ENV=production
WORKDIR /app
CMD ["node", "server.js"]

FROM base AS build
RUN npm ci && \\
    # a comment inside
    npm run build

FROM base
COPY --from=build --chown=node:node /app/dist ./dist
ENTRYPOINT ["/app/docker-entrypoint.js"]
`
  const stage = final(text)
  assert.deepEqual(stage.env, { NODE_ENV: 'production' })
  assert.deepEqual(stage.copiedFromStages, [{ from: 'build', destination: '/app/dist', line: 13 }])
  assert.deepEqual([stage.entrypoint?.argv, stage.command], [['/app/docker-entrypoint.js'], undefined])
  const build = final(text, { target: 'build' })
  assert.equal(build.runs[0]?.replaceAll(/\s+/g, ' '), 'npm ci && npm run build')
  assert.deepEqual(build.command?.argv, ['node', 'server.js'])
  assert.throws(() => final(text, { target: 'none' }), { code: 'config_invalid', message: 'Dockerfile: FROM: no stage is named "none"' })
})

test('here-documents, escape directives and Windows line ends are understood', () => {
  const stage = final(
    '# escape=`\r\nFROM a\r\nRUN <<EOF\r\nCMD ["no"]\r\nEOF\r\nCOPY <<"X" <<Y /b\nCMD no\nX\nCMD no\nY\nENV A=1 `\n  B=2\nCMD ["yes"]\r\n',
  )
  assert.deepEqual(stage.command?.argv, ['yes'])
  assert.deepEqual(stage.env, { A: '1', B: '2' })
})

test('faults name the line', () => {
  assert.throws(() => final('\n# hi\nRUN x'), { message: 'Dockerfile:3: RUN: stands before the first FROM' })
  assert.throws(() => final('FROM a\nCMD node "x'), { message: 'Dockerfile:2: CMD: has a " that is not closed' })
  assert.throws(() => final('FROM a\n?? x'), { message: /^Dockerfile:2: Dockerfile: found "\?\? x"/ })
  assert.throws(() => final(''), { message: 'Dockerfile: FROM: is missing' })
  assert.throws(() => final(`FROM a\n#${'x'.repeat(maxDockerfileBytes)}`), { message: /larger than/ })
})

const piece = fc.oneof(
  fc.constantFrom(
    'FROM a',
    'FROM a AS b',
    'FROM b',
    'ENV',
    'ENV A=1',
    'ENV A $B',
    'CMD',
    'CMD ["a"]',
    'CMD [',
    'ENTRYPOINT a',
    'RUN <<E',
    'E',
    'COPY --from=b x y',
    'COPY',
    'WORKDIR',
    'WORKDIR ../..',
    'EXPOSE x 1',
    'ARG',
    'ARG A',
    '\\',
    '# escape=`',
    '`',
  ),
  fc.string({ maxLength: 12 }),
)
test('no text makes it throw anything but its fault', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), fc.constantFrom('\n', ' \\\n', ' '), (pieces, glue) => {
      try {
        final(pieces.join(glue))
      } catch (error) {
        if (!isFault(error, 'config_invalid')) throw error
      }
    }),
    { numRuns: 2000 },
  )
})
