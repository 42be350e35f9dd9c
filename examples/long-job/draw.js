import { parentPort, workerData } from 'node:worker_threads'
import { crc32, deflateSync } from 'node:zlib'

const width = 640
const height = 480
const { seconds } = workerData

/** How long a point of the Mandelbrot set's plane takes to run away, 0 to 255. */
function shade(x, y, limit) {
  let re = 0
  let im = 0
  for (let step = 0; step < limit; step++) {
    const square = re * re - im * im + x
    im = 2 * re * im + y
    re = square
    if (re * re + im * im > 4) return 255 - Math.floor((255 * step) / limit)
  }
  return 0
}

/** Each pass averages in one more sample per pixel, so the picture gets smoother for as long as there is time. */
const sums = new Float64Array(width * height)
const startedAt = performance.now()
const elapsed = () => (performance.now() - startedAt) / 1000
let passes = 0
do {
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const x = ((column + Math.random()) / width) * 3.5 - 2.5
      const y = ((row + Math.random()) / height) * 2.625 - 1.3125
      sums[row * width + column] += shade(x, y, 200)
    }
    if (row % 48 === 0) parentPort.postMessage({ progress: Math.min(0.99, elapsed() / seconds) })
  }
  passes++
} while (elapsed() < seconds)

const png = Buffer.concat([
  Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
  chunk('IHDR', header()),
  chunk('IDAT', deflateSync(rows())),
  chunk('IEND', Buffer.alloc(0)),
])
parentPort.postMessage({ progress: 1, png })

/** 8 bits of grey per pixel. */
function header() {
  const data = Buffer.alloc(13)
  data.writeUInt32BE(width, 0)
  data.writeUInt32BE(height, 4)
  data[8] = 8
  return data
}
function rows() {
  const data = Buffer.alloc((width + 1) * height)
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) data[row * (width + 1) + 1 + column] = Math.round(sums[row * width + column] / passes)
  return data
}
function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, sum])
}
