# Two images: `cpu` (the default) for linux/amd64 and linux/arm64, and `cuda` for NVIDIA GPUs on linux/amd64.
#   docker build -t sluice .
#   docker build --target cuda -t sluice:cuda .
# How to run them: docs/operate.md, "Images and compose". scripts/try-image.sh builds and runs one without Docker.

# Exact versions. To pin the content too, use the digest that `docker buildx imagetools inspect node:24.21.0-bookworm-slim` prints:
#   docker build --build-arg NODE_IMAGE=node:24.21.0-bookworm-slim@sha256:... .
ARG NODE_IMAGE=node:24.21.0-bookworm-slim
# The CUDA code comes in two builds: one links to libcudart.so.13 and libcublas.so.13 (driver 580 or newer), one to version 12
# for older drivers and GPUs: --build-arg CUDA_IMAGE=nvidia/cuda:12.9.1-runtime-ubuntu22.04. Both require glibc 2.34 and
# GLIBCXX 3.4.30, so Ubuntu 22.04 is the oldest base that fits. Node 24 requires less: glibc 2.28 and GLIBCXX 3.4.21.
ARG CUDA_IMAGE=nvidia/cuda:13.0.2-runtime-ubuntu22.04

# The server and the pages: the same for every processor, so they are built on the builder's own.
FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No install scripts: that of node-llama-cpp would look for a GPU on this machine, and might compile llama.cpp.
RUN --mount=type=cache,target=/npm-cache npm ci --cache /npm-cache --ignore-scripts
COPY tsconfig.json tsconfig.build.json LICENSE ./
COPY models ./models
COPY scripts ./scripts
COPY src ./src
# The image contains exactly the files of the npm package.
RUN npm pack && mkdir /package && tar --extract --file sluice-*.tgz --directory /package --strip-components 1

# The dependencies with all builds of llama.cpp for the image's processor.
FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS dependencies
ARG TARGETARCH
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=cache,target=/npm-cache cpu="${TARGETARCH:?}"; [ "$cpu" != amd64 ] || cpu=x64; \
  npm ci --cache /npm-cache --omit=dev --ignore-scripts --os=linux --libc=glibc --cpu="$cpu"

# Without a GPU, only the build for CPUs is of use.
FROM dependencies AS cpu-dependencies
ARG TARGETARCH
RUN cpu="${TARGETARCH:?}"; [ "$cpu" != amd64 ] || cpu=x64; \
  find node_modules/@node-llama-cpp -mindepth 1 -maxdepth 1 ! -name "linux-$cpu" -exec rm -r {} +

# Vulkan requires a loader that the CUDA image does not have; npm also installs the ARM packages, because they name x64 too.
FROM dependencies AS cuda-dependencies
RUN rm -rf node_modules/@node-llama-cpp/linux-x64-vulkan node_modules/@node-llama-cpp/linux-arm*

# Node without npm, and tini: as process 1 it passes signals on, also before the server listens for them, and collects child
# processes that a killed worker leaves behind.
FROM ${NODE_IMAGE} AS node
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install --yes --no-install-recommends tini \
  && rm -rf /var/lib/apt/lists/* /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
    /usr/local/bin/yarn* /opt/yarn*

FROM ${CUDA_IMAGE} AS cuda
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=node /usr/bin/tini-static /usr/bin/tini
# For GPUs whose code is not in the packages (A100, H100, H200) the driver compiles it at the first start and keeps it in ~/.nv.
# With a volume there, that happens once per machine instead of once per container.
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin sluice \
  && install --directory --owner 10001 --group 10001 /models /data /home/sluice/.nv
WORKDIR /app
COPY --from=cuda-dependencies /app/node_modules ./node_modules
COPY --from=build /package ./
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Sluice" \
  org.opencontainers.image.description="A streaming server for GGUF language models, with CUDA" \
  org.opencontainers.image.version="0.2.0" \
  org.opencontainers.image.revision="${REVISION}" \
  org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production SLUICE_HOST=0.0.0.0 SLUICE_MODELS_DIR=/models HOME=/home/sluice
USER 10001:10001
VOLUME /models
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["node", "dist/main.js", "health"]
ENTRYPOINT ["tini", "--", "node", "dist/main.js"]

FROM node AS cpu
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin sluice \
  && install --directory --owner 10001 --group 10001 /models /data
WORKDIR /app
COPY --from=cpu-dependencies /app/node_modules ./node_modules
COPY --from=build /package ./
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Sluice" \
  org.opencontainers.image.description="A streaming server for GGUF language models, for CPUs" \
  org.opencontainers.image.version="0.2.0" \
  org.opencontainers.image.revision="${REVISION}" \
  org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production SLUICE_HOST=0.0.0.0 SLUICE_MODELS_DIR=/models HOME=/home/sluice
USER 10001:10001
VOLUME /models
EXPOSE 8080
# The server drains on SIGTERM: `docker stop --time` must be longer than its --drain-timeout.
STOPSIGNAL SIGTERM
# Asks the address that the variables and the file of SLUICE_CONFIG give: set port and certificate there, not by a flag.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["node", "dist/main.js", "health"]
ENTRYPOINT ["tini", "--", "node", "dist/main.js"]
