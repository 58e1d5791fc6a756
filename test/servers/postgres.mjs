// Runs a real Postgres server in the folder that is given, as its only argument. The server ends and the folder is removed
// with the process that forked this one, however that ends. Sends { url } over IPC when ready.
// The server listens only on a socket in that folder, so no port has to be chosen.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

process.on('disconnect', () => void end(0))
process.on('SIGTERM', () => void end(0))
// Ctrl-C and a closed terminal reach the whole process group; the parent still needs the server while it ends.
process.on('SIGINT', () => {})
process.on('SIGHUP', () => {})

const [folder] = process.argv.slice(2)
const data = join(folder, 'data')
// Postgres refuses to run as root.
const user = process.getuid() === 0 ? idsOf('postgres') : {}
if (user.uid) chownSync(folder, user.uid, user.gid)
const options = { ...user, cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] }

initialise()
// -F is safe: the data does not outlast the tests.
const listens = ['-c', 'listen_addresses=', '-c', `unix_socket_directories=${folder}`]
const server = spawn(program('postgres'), ['-D', data, '-F', ...listens], {
  ...options,
  // Ctrl-C must not reach it.
  detached: true,
})
const ended = once(server, 'exit')
void ended.then(([code]) => end(code ?? 1))
// The parent may have ended while this process was blocked.
if (!process.connected) await end(0)
while (!isReady()) await pause(20)
process.send?.({ url: `postgresql://postgres@/postgres?host=${folder}` })

function initialise() {
  const made = ['--username=postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync']
  try {
    execFileSync(program('initdb'), [...made, '--pgdata', data], options)
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw new Error('Postgres could not be started: install it, with `apt-get install postgresql` on Debian', {
      cause: error,
    })
  }
}

/** On SIGQUIT Postgres ends all its processes at once, and frees their shared memory. */
async function end(code) {
  server.kill('SIGQUIT')
  await ended
  rmSync(folder, { recursive: true, force: true })
  process.exit(code)
}

function isReady() {
  const pidFile = join(data, 'postmaster.pid')
  return existsSync(pidFile) && /\nready\s*$/.test(readFileSync(pidFile, 'utf8'))
}

/** Debian keeps the programs off PATH, in a folder for each version. */
function program(name) {
  const debian = '/usr/lib/postgresql'
  const [newest] = existsSync(debian) ? readdirSync(debian).toSorted((a, b) => Number(b) - Number(a)) : []
  return newest ? join(debian, newest, 'bin', name) : name
}

function idsOf(name) {
  const [uid, gid] = ['-u', '-g'].map((which) => Number(execFileSync('id', [which, name])))
  return { uid, gid }
}
