import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { TcpProxy } from '../support/tcp-proxy.ts'
import { RefusingTemporal } from './refusing-temporal.ts'
import { CliStage, endlessRun, named } from './stage.ts'
import { startWorker } from './worker.ts'

const aapl = { symbol: 'AAPL' }
const values = { symbol: 'AAPL', partial: 'partial AAPL', final: 'done AAPL' }
const patience = { timeout: 30_000, interval: 100 }
/** At SIGUSR2 a process that has this is 75 s later. */
const minuteHand = `data:text/javascript,process.on('SIGUSR2',()=>{const%20now=Date.now;Date.now=()=>now()+75000})`

let stage: CliStage
beforeAll(async () => {
  stage = await CliStage.open()
})
afterAll(() => stage.close())

describe.concurrent('watch, in an outage', () => {
  test('waits for a worker and continues with it; status names what is missing, and needs none once the watch is closed', async () => {
    const run = await stage.langGraph.ended('work', aapl)
    const env = { TEMPORAL_TASK_QUEUE: randomUUID() }
    const watch = stage.start(['watch', ...named(run), '--json'], env)
    await watch.said('Waiting for one')
    await watch.said(/^Watch /m)

    const whileAway = await stage.runToEnd(['status', ...named(run)], env)
    const stopWorker = await startWorker(env.TEMPORAL_TASK_QUEUE)
    const { code, stdout } = await watch.ended
    await stopWorker()
    const closed = await stage.runToEnd(['status', ...named(run), '--json'], env)

    expect(whileAway).toMatchObject({ code: 69, stdout: expect.stringMatching(/^state: waiting\n/) })
    expect(whileAway.stderr).toContain(
      'The watch is open, but no worker answers for it. It continues once one is running',
    )
    expect(whileAway.stderr).toContain(`TEMPORAL_TASK_QUEUE=${env.TEMPORAL_TASK_QUEUE} langgraph-runs worker`)
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ polling_result: 'success_with_results', result: values })
    expect(closed).toMatchObject({ code: 0, stdout })
  })

  test('on another task queue: every command names it, and what to do', async () => {
    const { args, workflowId } = endlessRun()
    const queue = randomUUID()
    const mistaken = stage.start(['watch', ...args], { TEMPORAL_TASK_QUEUE: queue })
    await mistaken.said(/^Watch /m)
    mistaken.signal('SIGINT')
    await mistaken.ended

    const again = stage.start(['watch', ...args])
    await again.said(/^Watch /m)
    const [status, ...others] = await Promise.all([
      stage.runToEnd(['status', ...args]),
      stage.runToEnd(['watch', ...args, '--require-worker']),
      stage.runToEnd(['cancel', ...args]),
      stage.runToEnd(['resume', '--id', workflowId, '--value', '1']),
    ])
    await stage.client.workflow.getHandle(workflowId).terminate()

    const words = `The open watch of this run is on the task queue "${queue}" (yours is "${stage.taskQueue}"): start a worker there, or end it (\`temporal workflow terminate --workflow-id ${workflowId}\`) and watch again`
    expect(again.stderr).toContain(`${words}. Waiting for one\n`)
    expect(status).toMatchObject({ code: 69, stderr: `error: ${words}\n` })
    for (const ended of others) expect(ended).toEqual({ code: 69, stdout: '', stderr: `error: ${words}\n` })
  })

  test('shows its progress poll by poll, and keeps following when Temporal is back', async () => {
    const { args, workflowId } = endlessRun()
    const proxy = await TcpProxy.start(`http://${inject('temporalAddress')}`)
    stage.atEnd(() => proxy.stop())
    const env = { TEMPORAL_ADDRESS: new URL(proxy.url).host }
    const watch = stage.start(['watch', ...args, '--poll-interval', '1s'], env)
    await watch.said(/^waiting · run running · [3-9] polls · \d+ s( · next poll in 1 s)?$/m)

    await proxy.refuse()
    const outage = new RefusingTemporal(14, 'no upstream')
    await outage.listen(Number(new URL(proxy.url).port))
    await watch.said('Temporal does not answer at 127.0.0.1:')
    // Temporal's client asks 10 times before it gives up.
    const waits = () => outage.calls.filter((call) => call === 'GetWorkflowExecutionHistory').length
    await vi.waitUntil(() => waits() > 10, patience)
    await outage.stop()
    await proxy.accept()
    await watch.said('\nThe watch responds\n')
    await stage.client.workflow.getHandle(workflowId).cancel()

    const { code, stdout, stderr } = await watch.ended
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toContain('. Waiting for it; the watch is safe there, and Ctrl-C only ends this command\n')
    const error =
      'error: The workflow was cancelled, and its run was left alone (last status: running). To keep watching it: langgraph-runs'
    expect(stderr).toContain(`\n${error} watch ${args.join(' ')}\n`)
    const polls = [...stderr.matchAll(/^waiting · .* · (\d+) polls? /gm)].map(([, poll]) => Number(poll))
    expect(polls).toEqual([...new Set(polls)])
    expect(stderr).not.toContain('\u{1b}')
  })

  test('whose worker has just stopped: status and resume name what is missing, and watch waits', async () => {
    const { args } = endlessRun()
    const temporal = new RefusingTemporal(9, 'no poller seen for task queue recently, worker may be down', {
      address: inject('temporalAddress'),
      refused: 'QueryWorkflow',
    })
    stage.atEnd(() => temporal.stop())
    const env = { TEMPORAL_ADDRESS: await temporal.listen() }
    const watch = stage.start(['watch', ...args], env)
    await watch.said('No worker responds for the watch at the moment. Waiting for one')

    const ended = await Promise.all([
      stage.runToEnd(['status', ...args], env),
      stage.runToEnd(['resume', ...args, '--value', 'yes'], env),
    ])
    watch.signal('SIGINT')
    await watch.ended

    expect(ended.map(({ stdout }) => stdout.split('\n')[0])).toEqual(['state: waiting', ''])
    for (const { code, stderr } of ended) {
      expect(code).toBe(69)
      expect(stderr).toContain(
        'error: The watch is open, but no worker answers for it. It continues once one is running',
      )
    }
  })

  test('with --require-worker ends when the worker is gone for more than a minute: 69', async () => {
    const env = { TEMPORAL_TASK_QUEUE: randomUUID(), NODE_OPTIONS: `--import=${minuteHand}` }
    const stopWorker = await startWorker(env.TEMPORAL_TASK_QUEUE, stage.servers)
    const { args, workflowId } = endlessRun()
    const watch = stage.start(['watch', ...args, '--require-worker'], env)
    await watch.said(/^waiting /m)

    await stopWorker()
    await watch.said('No worker responds for the watch at the moment. Waiting for one')
    watch.signal('SIGUSR2')

    const { code, stdout, stderr } = await watch.ended
    expect({ code, stdout }).toEqual({ code: 69, stdout: '' })
    expect(stderr).toContain(`error: No worker polls the task queue "${env.TEMPORAL_TASK_QUEUE}": start one (`)
    expect(stderr).toContain(`The watch stays open, and continues once a worker is running: ${workflowId}\n`)
  })
})
