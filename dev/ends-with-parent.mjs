// Runs a program that ends with the process that forked this one, even if that is killed: its end closes the channel.
// Arguments: the program and its arguments.
import { spawn } from 'node:child_process'

const [program, ...args] = process.argv.slice(2)
const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] })
child.on('error', (error) => {
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
})
child.on('exit', (code) => process.exit(code ?? 1))

process.on('disconnect', end)
// The parent may let the program end in its own way.
process.on('message', (signal) => child.kill(signal))
process.on('SIGTERM', end)
// Both reach the whole process group, but the parent decides when the program ends.
process.on('SIGINT', () => {})
process.on('SIGHUP', () => {})
if (!process.connected) end()

function end() {
  child.kill('SIGKILL')
}
