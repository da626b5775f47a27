# Farwatch in one image: the platform by default, any of its commands by argument (docker run … farwatch sim).
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /app
COPY . .
# Only what the command needs: neither the tools of development nor the pinned runtime, which this image itself is.
RUN --mount=type=cache,target=/tmp/npm \
    npm install --cache=/tmp/npm --omit=dev --workspace=@farwatch/cli --no-audit --no-fund \
    && node console/web/build.ts

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production FARWATCH_HOME=/data FARWATCH_HTTP_PORT=8080
WORKDIR /app
COPY --from=build /app /app
# The only place that is written to; everything else may be mounted read-only.
RUN mkdir /data && chown node:node /data
VOLUME /data
USER node
HEALTHCHECK --interval=15s --timeout=5s --start-period=90s --retries=4 \
    CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.FARWATCH_HTTP_PORT}/api/health`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "cli/bin/farwatch.mjs"]
CMD ["up", "--no-sim"]
