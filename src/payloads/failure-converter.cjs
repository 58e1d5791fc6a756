// Loaded by Temporal from its path, also into workflow bundles, so it is a module of its own that imports nothing of ours.
const { DefaultFailureConverter } = require('@temporalio/common')

const plain = new DefaultFailureConverter()

/**
 * Puts messages and stack traces of failures into payloads, which the codec encrypts. What says which key is missing stays
 * readable: whoever has to give the key could not read it otherwise.
 */
class EncodingFailureConverter extends DefaultFailureConverter {
  constructor() {
    super({ encodeCommonAttributes: true })
  }

  errorToFailure(error, payloadConverter, context) {
    if (error?.name !== 'PayloadKeyError') return super.errorToFailure(error, payloadConverter, context)
    return { ...plain.errorToFailure(error, payloadConverter, context), stackTrace: '' }
  }
}

exports.failureConverter = new EncodingFailureConverter()
