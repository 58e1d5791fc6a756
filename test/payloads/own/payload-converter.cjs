// A user's own payload converter: JSON under an encoding of its own.
const { CompositePayloadConverter, UndefinedPayloadConverter } = require('@temporalio/common')

const json = {
  encodingType: 'json/own',
  toPayload: (value) =>
    value === undefined
      ? undefined
      : {
          metadata: { encoding: new TextEncoder().encode('json/own') },
          data: new TextEncoder().encode(JSON.stringify(value)),
        },
  fromPayload: ({ data }) => JSON.parse(new TextDecoder().decode(data)),
}

exports.payloadConverter = new CompositePayloadConverter(new UndefinedPayloadConverter(), json)
