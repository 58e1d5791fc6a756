import { condition, currentUpdateInfo, defineUpdate, setHandler } from '@temporalio/workflow'
import { failureTypes, langGraphFailureTypes, resumeUpdateName } from '../domain/contract.ts'
import type { ResumeInput } from '../domain/input.ts'
import { present } from '../domain/json.ts'
import type { ResumeReceipt } from '../domain/outcome.ts'
import { parseResumeInput } from '../domain/parse-input.ts'
import { utf8Bytes } from '../domain/text.ts'
import { momentMs } from './clock.ts'
import { accepted, failure, withoutStack } from './failures.ts'
import type { HandledResume } from './memory.ts'
import { isAnswered, openInterrupts, whatIsWrong } from './question.ts'
import type { Answer } from './question.ts'
import type { Watch } from './watch.ts'

/** Answers the question that the run is waiting on. Accepted only while one is open; carried out once. */
const resumeUpdate = defineUpdate<ResumeReceipt, [input: ResumeInput | undefined]>(resumeUpdateName)

/** Takes the update `resume` from here on. */
export function acceptAnswers(watch: Watch): void {
  setHandler(
    resumeUpdate,
    async (input) => {
      const id = updateId()
      const isNew = !handled(watch, id)
      const answer = accepted(resumeUpdateName, parseResumeInput(input))
      if (isNew) takeAnswer(watch, id, answer)
      watch.grows(utf8Bytes(JSON.stringify(answer)))
      let n = watch.questionNumber
      const isSettledNow = () => {
        n = handled(watch, id)?.question ?? n
        return isSettled(watch, n)
      }
      await condition(isSettledNow).catch((error: unknown) => {
        throw withoutStack(error)
      })
      refuseWhatCameToNothing(watch, id, n)
      return receipt(watch, n)
    },
    {
      validator: (input) => {
        const answer = accepted(resumeUpdateName, parseResumeInput(input))
        if (handled(watch, updateId())) return
        const { question, cancelling } = watch.memory
        const open = watch.isEnding || cancelling ? undefined : question
        const why = open ? whatIsWrong(open, answer) : 'No answer is waited for: the query `progress` says what is'
        if (why !== undefined) throw failure(failureTypes.notAsked, why)
      },
    },
  )
}

/** While other questions are open the watch sleeps on, so that only these are asked is shown here. */
function takeAnswer(watch: Watch, id: string, answer: Answer): void {
  watch.answered(id, answer, momentMs())
  if (watch.display.state === 'human') watch.enter('interrupted')
}

function updateId(): string {
  return currentUpdateInfo()?.id ?? ''
}

function handled({ memory }: Watch, id: string): HandledResume | undefined {
  return memory.handledResumes.find((resume) => resume.id === id)
}

/** LangGraph has the answer to question `n`, more answers are missing, or nothing comes of it here. */
function isSettled(watch: Watch, n: number): boolean {
  const { question } = watch.memory
  return n !== watch.questionNumber || !question || !isAnswered(question) || watch.isRestarting || watch.isEnding
}

function refuseWhatCameToNothing(watch: Watch, id: string, n: number): void {
  const { chain, creation, question } = watch.memory
  if (!handled(watch, id) && question?.lost !== undefined) throw failure(failureTypes.notAsked, question.lost)
  if (!handled(watch, id) && question?.refused !== undefined) {
    const message = `The answer was refused, and the question is still open: ${question.refused}`
    throw failure(langGraphFailureTypes.refused, message)
  }
  if (chain[n]?.continued_by === 'elsewhere') {
    const message = 'Somebody else was faster, or has edited the state: the watch follows the run that came of it'
    throw failure(failureTypes.notAsked, message)
  }
  if (n !== watch.questionNumber || !watch.isEnding) return
  if (creation.unknown?.what !== 'created') {
    const message = 'The watch ended before the answer was given to LangGraph: its outcome says why'
    throw failure(failureTypes.notAsked, message)
  }
  const message = `The watch ended, and LangGraph has not said whether it took the answer: ${creation.unknown.error}`
  throw failure(langGraphFailureTypes.unavailable, message)
}

function receipt(watch: Watch, n: number): ResumeReceipt {
  const { question, run, creation, chain } = watch.memory
  const isOpen = n === watch.questionNumber
  return {
    open_interrupts: isOpen && question ? openInterrupts(question).length : 0,
    thread_id: run?.threadId ?? creation.threadId ?? '',
    ...present({ run_id: isOpen ? undefined : (chain[n + 1]?.run_id ?? run?.runId) }),
  }
}
