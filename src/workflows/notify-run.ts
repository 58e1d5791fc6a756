import { parseNotifyRunInput } from '../domain/parse-input.ts'
import type { NumberedNotification } from '../domain/notification.ts'
import { notify } from './activities.ts'
import { accepted, failure, noAnswer } from './failures.ts'

/**
 * Delivers one notification, and tries again for a day. Watches start it beside themselves, so no outcome waits for it.
 *
 * @throws `InvalidInput`; what the receiver has answered if it wants no more, or the last try of the day failed
 */
export async function notifyRun(notification: NumberedNotification): Promise<void> {
  const { type } = accepted('notifyRun', parseNotifyRunInput(notification))
  try {
    await notify.executeWithOptions({ summary: type }, [notification])
  } catch (error) {
    const refused = noAnswer(error)
    throw failure(refused.type, refused.message)
  }
}
