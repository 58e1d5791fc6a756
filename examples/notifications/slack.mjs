import { details, headline, receive } from './receiver.mjs'

// SLACK_WEBHOOK_URL: an "incoming webhook" of your Slack app.

/** Slack reads these three characters as its own. */
const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

receive(async (notification) => {
  const text = `*${escaped(headline(notification))}*\n${escaped(details(notification))}`.trim()
  const response = await fetch(process.env.SLACK_WEBHOOK_URL, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text }),
    signal: AbortSignal.timeout(5000),
  })
  if (!response.ok) throw new Error(`Slack answered HTTP ${response.status}`)
})
