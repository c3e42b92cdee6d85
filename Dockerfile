# The operator's image. Build the application first:
#   make package && docker build -t keyrotation:0.2.0 .
# For several architectures, `docker buildx build --platform linux/amd64,linux/arm64 …`: the runtime and the cache belong to
# one architecture, and the cache is made by running Java, so a foreign one is built under emulation.
# Without an engine and a registry, e2e/image.sh builds it from Debian packages.
#
# JDK and BASE are all that comes from elsewhere: by digest of their index, so for every architecture. Renew them for each release:
#   docker buildx imagetools inspect eclipse-temurin:25-jdk-noble (Java 25.0.4), ubuntu:noble
# BASE needs glibc and zlib and no shell.
ARG JDK=eclipse-temurin:25-jdk-noble@sha256:534968c051301957beae735e7ba1db54d99ddecf08746d3b9d4f318cc132dbc3
ARG BASE=ubuntu:noble@sha256:534baea6a22c03a63003dbc8dbe78fe34bc0d7e595d9a9dc9834884ff530eb55

FROM ${JDK} AS build
# What Quarkus, the Kubernetes client and the PostgreSQL driver use; compiler, tools and debug interfaces stay out.
ARG MODULES="java.base java.compiler java.desktop java.instrument java.logging java.management java.naming \
  java.net.http java.rmi java.security.jgss java.sql java.transaction.xa java.xml \
  jdk.management jdk.net jdk.unsupported jdk.zipfs"
ARG JAVA_HOME=/opt/java/openjdk
RUN "$JAVA_HOME/bin/jlink" --add-modules "$(echo $MODULES | tr ' ' ',')" \
    --strip-java-debug-attributes --no-header-files --no-man-pages --output /opt/keyrotation/java
# At the place where the image has them: the cache belongs to these paths, this runtime and these options.
COPY target/quarkus-app /opt/keyrotation
COPY image/Rehearsal.java /opt/
RUN "$JAVA_HOME/bin/java" /opt/Rehearsal.java record /opt/keyrotation/keyrotation.aot /opt/keyrotation/java/bin/java \
    -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -jar /opt/keyrotation/quarkus-run.jar

FROM ${BASE}
ARG VERSION=0.2.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="keyrotation" \
      org.opencontainers.image.description="Rotates the master key and the salt key of LiteLLM without losing a value" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0"
# What changes seldom comes first, so that an upgrade moves only the last layers.
COPY --from=build /opt/keyrotation/java /opt/keyrotation/java
COPY --from=build /opt/keyrotation/lib /opt/keyrotation/lib
COPY --from=build /opt/keyrotation/quarkus /opt/keyrotation/quarkus
COPY --from=build /opt/keyrotation/app /opt/keyrotation/app
COPY --from=build /opt/keyrotation/quarkus-run.jar /opt/keyrotation/keyrotation.aot /opt/keyrotation/
COPY LICENSE target/sbom.json /opt/keyrotation/
USER 65532:65532
WORKDIR /tmp
EXPOSE 8080
# One mostly idle process: the serial collector and the first compiler tier take the least memory and start soonest. The
# cache (JEP 483) holds the classes of a start, loaded and linked; where it does not fit, Java says so and starts without.
ENTRYPOINT ["/opt/keyrotation/java/bin/java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:MaxRAMPercentage=60", \
            "-XX:+ExitOnOutOfMemoryError", "-XX:AOTCache=/opt/keyrotation/keyrotation.aot", \
            "-jar", "/opt/keyrotation/quarkus-run.jar"]
