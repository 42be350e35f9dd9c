import express from 'express'

const app = express()
const port = 8080

app.get('/health', (request, response) => {
  response.send('ok')
})

app.get('/', (request, response) => {
  response.send('Hello from Fly Edge!')
})

app.listen(port, () => {
  console.log(`Server listening on port ${port}`)
})
