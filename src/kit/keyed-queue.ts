/** Runs the tasks of one key one after the other, those of different keys at the same time. A task that fails holds nobody up. */
export interface KeyedQueue {
  run<Result>(key: string, task: () => Promise<Result>): Promise<Result>
}

export function keyedQueue(): KeyedQueue {
  const tails = new Map<string, Promise<unknown>>()
  return {
    async run(key, task) {
      const before = tails.get(key)
      const result = before === undefined ? task() : before.then(task, task)
      tails.set(key, result)
      try {
        return await result
      } finally {
        if (tails.get(key) === result) tails.delete(key)
      }
    },
  }
}
