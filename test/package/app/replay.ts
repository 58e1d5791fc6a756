// A user's check before a deploy: a recorded history against the package's workflows. Argument: the history's file.
import { readFile } from 'node:fs/promises'
import { Worker } from '@temporalio/worker'
import { workflowSource } from 'langgraph-background-runs/worker'

const [file = ''] = process.argv.slice(2)
await Worker.runReplayHistory(workflowSource(), JSON.parse(await readFile(file, 'utf8')))
process.stdout.write(JSON.stringify('replayed'))
process.exit(0)
