# picoserve in a container. A slim base with glibc and Python 3.11 or later is all it needs: picoLLM
# brings the CUDA runtime inside its library, the driver comes with `--gpus all`.
#
#   docker build -t picoserve .
#   docker build -t picoserve:picollm --build-arg EXTRAS=otel .  without the llama.cpp engine
#
# Both stages must have the same Python, so there is one argument for both.

ARG BASE=python:3.13-slim-bookworm

FROM ${BASE} AS build
# What is installed besides picoserve and picoLLM: extras of picoserve, or nothing.
ARG EXTRAS=llamacpp,otel
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN python3 -m venv /opt/picoserve \
    && /opt/picoserve/bin/pip install --no-cache-dir --only-binary :all: --no-binary picoserve \
        ".${EXTRAS:+[${EXTRAS}]}" \
    && /opt/picoserve/bin/pip uninstall --quiet --yes pip

FROM ${BASE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="picoserve" \
      org.opencontainers.image.description="An OpenAI-compatible local inference server over a pool of picoLLM engines" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# llama.cpp is linked against GNU's OpenMP.
RUN if ! ldconfig -p | grep -q libgomp.so.1; then \
        apt-get update \
        && apt-get install --yes --no-install-recommends libgomp1 \
        && rm -rf /var/lib/apt/lists/*; \
    fi

# Everything that should outlive a container lies in the home folder: activations, CUDA's compiled
# kernels, contexts, and the keys of those who may ask. The key file begins empty: the server
# starts, is healthy, and lets nobody in until a key is written into it.
RUN groupadd --gid 10001 picoserve \
    && useradd --uid 10001 --gid 10001 --home-dir /var/lib/picoserve --create-home \
        --shell /usr/sbin/nologin picoserve \
    && install -d -o 10001 -g 10001 -m 0700 /var/lib/picoserve \
    && install -d -o 10001 -g 10001 /var/lib/picoserve/cuda /var/lib/picoserve/contexts \
    && install -o 10001 -g 10001 -m 0600 /dev/null /var/lib/picoserve/keys.txt

COPY --from=build /opt/picoserve /opt/picoserve

ENV PATH=/opt/picoserve/bin:$PATH \
    HOME=/var/lib/picoserve \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    CUDA_CACHE_PATH=/var/lib/picoserve/cuda \
    CUDA_CACHE_MAXSIZE=4294967296 \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    PICOSERVE_SERVER__HOST=0.0.0.0 \
    PICOSERVE_AUTH__KEY_FILE=/var/lib/picoserve/keys.txt

WORKDIR /var/lib/picoserve
VOLUME /var/lib/picoserve
USER 10001:10001
EXPOSE 8080

# Ready means that every model has an engine that can run jobs; a large model takes minutes. Docker's
# client may put a proxy into a container's environment, which is not asked for what is inside.
HEALTHCHECK --interval=10s --timeout=5s --start-period=15m --retries=3 \
    CMD ["/opt/picoserve/bin/python", "-c", "import os, urllib.request as u; u.build_opener(u.ProxyHandler({})).open('http://' + ('[::1]' if os.environ.get('PICOSERVE_SERVER__HOST') == '::' else '127.0.0.1') + ':' + (os.environ.get('PICOSERVE_SERVER__PORT') or '8080') + '/health/ready', timeout=4)"]

# No shell in between: SIGTERM reaches the server, which lets streams finish.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/opt/picoserve/bin/picoserve"]
CMD ["serve"]
