# The image of `trustmint`: Node, the compiled program and its production dependencies on a base without a shell.
# Pin both bases by digest for a release: --build-arg BUILD_IMAGE=…@sha256:… --build-arg BASE_IMAGE=…@sha256:…
ARG BUILD_IMAGE=docker.io/library/node:24-bookworm-slim
ARG BASE_IMAGE=gcr.io/distroless/cc-debian12:latest

FROM ${BUILD_IMAGE} AS build
WORKDIR /build
# A registry of your own: --secret id=npmrc,src=$HOME/.npmrc. Nothing of it stays in a layer.
# Install scripts are not run: none is needed, and the package `node` would fetch its binary without a checksum.
COPY hack/image/runtime/package.json hack/image/runtime/package-lock.json /runtime/
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc --mount=type=cache,target=/root/.npm \
    cd /runtime && npm ci --ignore-scripts --no-audit --no-fund && \
    mkdir -p /out/node/usr/local/bin /out/node/usr/share/doc/node && \
    cp node_modules/node-linux-*/bin/node /out/node/usr/local/bin/node && \
    cp node_modules/node-linux-*/LICENSE /out/node/usr/share/doc/node/ && \
    chmod 755 /out/node/usr/local/bin/node

COPY package.json package-lock.json /out/deps/usr/lib/trustmint/
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc --mount=type=cache,target=/root/.npm \
    cd /out/deps/usr/lib/trustmint && npm ci --omit=dev --ignore-scripts --no-audit --no-fund && \
    rm -f package.json package-lock.json node_modules/.package-lock.json && \
    find node_modules -type f \( -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.map' \) -exec rm -f {} +

COPY package.json package-lock.json ./
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc --mount=type=cache,target=/root/.npm \
    npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN PATH="/out/node/usr/local/bin:$PATH" npm run --silent build
COPY LICENSE ./

ARG SOURCE_DATE_EPOCH=0
# The kernel starts main.js by its first line; there is no /usr/bin/env where it runs.
RUN mkdir -p /out/app/usr/lib/trustmint /out/app/usr/local/bin && \
    cp -r dist package.json LICENSE /out/app/usr/lib/trustmint/ && \
    find /out/app -name '*.d.ts' -exec rm -f {} + && \
    for name in main cli/kubectl-trustmint cli/kubectl-complete; do \
      file=/out/app/usr/lib/trustmint/dist/$name.js; \
      if [ -e "$file" ]; then sed -i '1s|^#!.*|#!/usr/local/bin/node|' "$file"; chmod 755 "$file"; fi; \
    done && \
    ln -s ../../lib/trustmint/dist/main.js /out/app/usr/local/bin/trustmint && \
    chmod -R u=rwX,go=rX /out && \
    find /out -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +

FROM ${BASE_IMAGE}
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="trustmint" \
      org.opencontainers.image.description="Turns the identity a workload already has into a short-lived token it can use" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /out/node/ /
COPY --from=build /out/deps/ /
COPY --from=build /out/app/ /
ENV NODE_ENV=production PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
USER 65532:65532
WORKDIR /
ENTRYPOINT ["/usr/local/bin/trustmint"]
CMD ["--help"]
