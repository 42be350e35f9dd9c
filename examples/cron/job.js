// Whatever there is to do at intervals: here, the primes of the hour.
const hour = Math.floor(Date.now() / 3_600_000)
const isPrime = (number) => {
  for (let divisor = 2; divisor * divisor <= number; divisor++) if (number % divisor === 0) return false
  return number > 1
}
const found = Array.from({ length: 100 }, (_, index) => hour + index).filter(isPrime)
console.log(`Report of ${new Date().toISOString()}: ${found.length} primes in the next hundred hours, the first is ${found[0] ?? 'none'}`)
// Exit code 0 ends the run, and the machine stays stopped until it is due again; another code starts it anew, ten times at most.
