import { createServer } from 'node:http'
import { Webhook } from 'standardwebhooks'

const mostBytes = 1_000_000
const mostRemembered = 10_000

/**
 * Takes notifications at RECEIVER_PORT, and calls `tell` once for each.
 *
 * What is answered decides: 204 it is done, 401 the signature is wrong, 503 it could not be passed on. All but the first
 * are posted again, for a day.
 */
export function receive(tell) {
  const { NOTIFY_SECRET: secret, RECEIVER_PORT: port = '9000', RECEIVER_HOST: host = '127.0.0.1' } = process.env
  if (!secret) throw new Error('NOTIFY_SECRET is missing: set it to that of the workers')
  const webhook = new Webhook(secret)
  const told = new Set()
  const server = createServer((request, response) => {
    void answer(request)
      .catch((error) => {
        process.stderr.write(`not passed on: ${error.message}\n`)
        return 503
      })
      .then((status) => response.writeHead(status).end())
  })

  async function answer(request) {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) {
      body += chunk
      if (body.length > mostBytes) return 413
    }
    let notification
    try {
      notification = webhook.verify(body, request.headers)
    } catch {
      return 401
    }
    // The same notification has the same id, however often it is posted.
    const id = request.headers['webhook-id']
    if (told.has(id)) return 204
    await tell(notification)
    told.add(id)
    if (told.size > mostRemembered) told.delete(told.values().next().value)
    return 204
  }

  server.listen(Number(port), host, () => {
    process.stdout.write(`waiting for notifications at port ${server.address().port}\n`)
  })
}

/** One line for a person. */
export function headline({ type, data }) {
  const what = data.assistant_id ? `${data.assistant_id} (${data.workflow_id})` : data.workflow_id
  switch (type) {
    case 'run.waiting_for_human':
      return `Waits for an answer: ${what}`
    case 'run.outage':
      return `Deployment "${data.deployment}" gives no answer`
    default:
      return `Ended as ${data.state}: ${what}`
  }
}

/** What there is to say beside it. */
export function details({ type, data }) {
  const answer = `langgraph-runs resume --id '${data.workflow_id}'`
  return [data.question, data.error, type === 'run.waiting_for_human' && `To answer: ${answer}`]
    .filter(Boolean)
    .join('\n')
}
