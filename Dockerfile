# The worker of langgraph-background-runs. With `docker build --target webhook .` it is the webhook receiver instead,
# with `--target codec` the codec server, and with `--target demo-langgraph` the toy LangGraph server.
# By its digest, so that every build begins with the same files. It is that of the index for all platforms.
ARG NODE_IMAGE=node:22.23.3-bookworm-slim@sha256:43ac6c60b8f89723f746e8a92ce91abd5017e627ce1ddfe4238355d3a30b772c

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
# No install scripts anywhere: the native parts that are needed come inside their packages.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY dev ./dev
COPY src ./src
RUN npm run build

# What the demo's LangGraph server needs are development dependencies.
FROM build AS demo-langgraph
# node
USER 1000
EXPOSE 2024
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:2024/ok').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dev/langgraph-container.mjs"]

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# Temporal's packages are peers, so `--omit=dev` would leave them out: without the rest they come in the lock's versions.
RUN npm pkg delete devDependencies overrides peerDependenciesMeta \
  && npm ci --ignore-scripts --no-audit --no-fund

FROM ${NODE_IMAGE} AS programs
# For TLS to Temporal: its native part trusts what the system trusts, and this image has no certificates of its own.
# Their newest version is the right one.
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates \
  && rm -rf /var/lib/apt/lists/*
# Without the second variable glibc keeps freed memory, and a watch takes twice as much: docs/worker.md.
ENV NODE_ENV=production \
  MALLOC_MMAP_THRESHOLD_=131072
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json ./
# node
USER 1000

FROM programs AS webhook
ENV WEBHOOK_LISTEN=0.0.0.0:8088
EXPOSE 8088
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8088/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/webhook.js"]

FROM programs AS codec
ENV CODEC_LISTEN=0.0.0.0:8888
EXPOSE 8888
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8888/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/codec-server.js"]

FROM programs AS worker
# A worker serves no port: it is well while Temporal has it among the task queue's pollers.
HEALTHCHECK --interval=30s --timeout=10s --start-period=20s CMD ["node", "dist/healthcheck.js"]
CMD ["node", "dist/worker.js"]
