const lookMs = 200

/**
 * A signal to npm or npx ends it, and is not passed on to what it runs: this process would stay. It notices that it has
 * another parent, and sends itself SIGTERM. `exec` in the npm script would do the same, but Windows has no `exec`.
 */
export function endWithNpm(): void {
  if (process.env['npm_command'] === undefined) return
  const parent = process.ppid
  const looking = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(looking)
    process.kill(process.pid, 'SIGTERM')
  }, lookMs).unref()
}
