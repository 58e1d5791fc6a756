import { pathToFileURL } from 'node:url'
import type { DataConverter } from '@temporalio/common'
import { loadDataConverter } from '@temporalio/common/lib/internal-non-workflow/index.js'
import { ConfigError } from '../config.ts'
import type { PayloadConfig } from '../config/payloads.ts'
import { isRecord, messageOf } from '../domain/json.ts'
import { failureConverterPath } from '../payloads.ts'
import { encryptionCodec } from './codec.ts'

/**
 * How a program of ours reads and writes payloads. Without keys it writes them in plain text, and an encrypted one is an error
 * that names its key.
 *
 * @throws ConfigError if the module of `DATA_CONVERTER` has none
 */
export async function dataConverterOf({ keys, converterModule }: PayloadConfig): Promise<DataConverter> {
  if (converterModule !== undefined) return exportedConverter(converterModule)
  return { payloadCodecs: [encryptionCodec(keys)], ...(keys.length > 0 && { failureConverterPath }) }
}

async function exportedConverter(path: string): Promise<DataConverter> {
  const { dataConverter }: { dataConverter?: unknown } = await imported(path)
  const wrong = whatIsWrong(dataConverter) ?? whyNotLoaded(dataConverter)
  if (!isDataConverter(dataConverter, wrong)) throw new ConfigError([`DATA_CONVERTER (${path}): ${wrong}`])
  return dataConverter
}

async function imported(path: string): Promise<{ dataConverter?: unknown }> {
  try {
    const module: unknown = await import(pathToFileURL(path).href)
    return isRecord(module) ? { dataConverter: module['dataConverter'] } : {}
  } catch (error) {
    throw new ConfigError([`DATA_CONVERTER (${path}): cannot be loaded: ${messageOf(error)}`])
  }
}

const paths = ['payloadConverterPath', 'failureConverterPath'] as const

/** What Temporal itself does not say in words. @returns `undefined` if nothing is */
function whatIsWrong(converter: unknown): string | undefined {
  if (!isRecord(converter)) return 'must export an object `dataConverter`'
  const noText = paths.find((name) => !['string', 'undefined'].includes(typeof converter[name]))
  if (noText) return `\`dataConverter.${noText}\` must be a path`
  const { payloadCodecs = [] } = converter
  const areCodecs = Array.isArray(payloadCodecs) && payloadCodecs.every(isCodec)
  return areCodecs ? undefined : '`dataConverter.payloadCodecs` must be a list of objects with `encode` and `decode`'
}

/** Temporal loads the modules that it names when a client or a worker is made, which looks like an outage there. */
function whyNotLoaded(converter: unknown): string | undefined {
  try {
    loadDataConverter(Object(converter))
    return undefined
  } catch (error) {
    return `\`dataConverter\` is refused by Temporal: ${messageOf(error)}`
  }
}

function isCodec(codec: unknown): boolean {
  return ['encode', 'decode'].every((method) => typeof Reflect.get(Object(codec), method) === 'function')
}

function isDataConverter(converter: unknown, wrong: string | undefined): converter is DataConverter {
  return wrong === undefined && isRecord(converter)
}
