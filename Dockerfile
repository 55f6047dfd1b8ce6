# One image for the four functions and for the task of a large import; the stack gives each its command:
#   app.handlers.api.handler, app.handlers.worker.handler, app.handlers.images.handler, app.handlers.migrate.handler,
#   python3 -m app.handlers.large
# `docker buildx build --platform linux/arm64 .`, or linux/amd64: the requirements have wheels for both, or are Python.
# With `--build-arg HEIC=yes` it reads pictures of iPhones: docs/deploy.md says what that means for its license.
ARG PYTHON_VERSION=3.13

FROM public.ecr.aws/lambda/python:${PYTHON_VERSION} AS build
ARG HEIC=
COPY requirements.txt requirements-build.txt requirements-heic.txt .ci/image-root /build/
COPY app /build/app
COPY alembic /build/alembic
COPY alembic.ini /build/
RUN /build/image-root python3 /build /root-of-the-image

FROM public.ecr.aws/lambda/python:${PYTHON_VERSION}
COPY --from=build /root-of-the-image/ ${LAMBDA_TASK_ROOT}/
# Nothing is written to where the code is, and no plug-in of pydantic is looked for: that would read the metadata of
# every package at each cold start.
ENV PYTHONDONTWRITEBYTECODE=1 PYDANTIC_DISABLE_PLUGINS=__all__
CMD ["app.handlers.api.handler"]
