# The course in a container: for a hub, or `docker build -t lthedu . && docker run -p 127.0.0.1:8888:8888 lthedu`.
# UNTESTED: written where there was no Docker.
FROM python:3.12-slim

# Without a GPU, give the address that pytorch.org's "Get started" page shows for Pip and CPU; else the image has the
# build for CUDA, several GB: docker build --build-arg PIP_EXTRA_INDEX_URL=ADDRESS -t lthedu .
ARG PIP_EXTRA_INDEX_URL

COPY . /src
RUN pip install --no-cache-dir /src jupyterhub && rm -r /src
RUN useradd --create-home learner
USER learner
WORKDIR /home/learner
ENV OMP_WAIT_POLICY=passive
EXPOSE 8888
# Inside a container every address is "beyond this machine"; what is published decides who reaches it, and the token holds.
CMD ["lthedu", "lab", "--no-browser", "--ip", "0.0.0.0", "--port", "8888"]
