/** A payload that cannot be read with the keys at hand. Its message holds the key's id, and nothing of the payload. */
export class PayloadKeyError extends Error {
  // The failure converter knows it by this name.
  override readonly name = 'PayloadKeyError'
  readonly keyId: string

  constructor(keyId: string, message: string) {
    super(message)
    this.keyId = keyId
  }
}

/** The error, or the one that it wraps. */
export function keyErrorIn(error: unknown): PayloadKeyError | undefined {
  if (error instanceof PayloadKeyError) return error
  return error instanceof Error && error.cause !== undefined ? keyErrorIn(error.cause) : undefined
}
