import { StorageDriverClaim } from '@temporalio/common'
import type { ExternalStorage, Payload } from '@temporalio/common'
import { isRecord } from '../../domain/json.ts'

const referenceType = 'temporal.api.sdk.v1.ExternalStorageReference'

/** A reference that Temporal's external storage left in a payload's place. */
interface Reference {
  readonly driverName: string
  readonly claimData: Record<string, string>
}

/** @returns `undefined` if the payload is none */
export function referenceIn({ metadata, data }: Payload): Reference | undefined {
  if (Buffer.from(metadata?.['messageType'] ?? []).toString() !== referenceType) return undefined
  const { driverName, claimData = {} }: { driverName?: unknown; claimData?: unknown } = Object(jsonIn(data))
  if (typeof driverName !== 'string' || !isRecord(claimData)) return undefined
  const claims = Object.entries(claimData).map(([name, value]) => [name, String(value)] as const)
  return { driverName, claimData: Object.fromEntries(claims) }
}

/** The payload that the reference stands for, as it is stored. */
export async function retrieved(
  storage: ExternalStorage | undefined,
  { driverName, claimData }: Reference,
): Promise<Payload> {
  const driver = storage?.getDriver(driverName)
  if (!driver) throw new NoDriver(driverName)
  const [payload] = await driver.retrieve({}, [new StorageDriverClaim(claimData)])
  if (!payload) throw new Error('the storage driver returned nothing')
  return payload
}

/** A payload lies in a storage that this server does not know. */
export class NoDriver extends Error {
  override readonly name = 'NoDriver'

  constructor(driverName: string) {
    super(`a payload lies in the external storage "${driverName}", for which DATA_CONVERTER has no driver here`)
  }
}

function jsonIn(data: Uint8Array | null | undefined): unknown {
  try {
    return JSON.parse(Buffer.from(data ?? []).toString())
  } catch {
    return undefined
  }
}
