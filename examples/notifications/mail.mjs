import { createTransport } from 'nodemailer'
import { details, headline, receive } from './receiver.mjs'

// SMTP_URL: smtps://user:password@smtp.example.com. A mail for what needs a person, and none for a run that went well.

const { SMTP_URL, MAIL_FROM, MAIL_TO } = process.env
const mails = createTransport(SMTP_URL)

receive(async (notification) => {
  if (notification.data.state === 'success') return
  await mails.sendMail({ from: MAIL_FROM, to: MAIL_TO, subject: headline(notification), text: details(notification) })
})
