// A user's workflows without any of the package's.
import { proxyActivities } from '@temporalio/workflow'

const { greet } = proxyActivities<{ greet(name: string): Promise<string> }>({ startToCloseTimeout: '5s' })

export async function greeting(name: string): Promise<string> {
  return greet(name)
}
