# The operator's image. Build the application first: make package && docker build -t keyrotation:0.1.0 .
# The bases are pinned by tag only; see "Gaps" in docs/design-decisions.md.

FROM eclipse-temurin:25-jdk-noble AS runtime
# What Quarkus, the Kubernetes client and the PostgreSQL driver use; compiler, tools and debug interfaces stay out.
ARG MODULES="java.base java.compiler java.desktop java.instrument java.logging java.management java.naming \
  java.net.http java.rmi java.security.jgss java.sql java.transaction.xa java.xml \
  jdk.management jdk.net jdk.unsupported jdk.zipfs"
RUN jlink --add-modules "$(echo $MODULES | tr ' ' ',')" \
    --strip-java-debug-attributes --no-header-files --no-man-pages --output /runtime

FROM ubuntu:noble
LABEL org.opencontainers.image.title="keyrotation" \
      org.opencontainers.image.description="Rotates the master key and the salt key of LiteLLM without losing a value" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=runtime /runtime /opt/java
# What changes seldom comes first, so that an upgrade moves only the last layers.
COPY target/quarkus-app/lib /opt/keyrotation/lib
COPY target/quarkus-app/quarkus /opt/keyrotation/quarkus
COPY target/quarkus-app/app /opt/keyrotation/app
COPY target/quarkus-app/quarkus-run.jar /opt/keyrotation/
COPY LICENSE /opt/keyrotation/
USER 65532:65532
WORKDIR /tmp
EXPOSE 8080
# One mostly idle process: the serial collector and the first compiler tier take the least memory and start soonest.
ENTRYPOINT ["/opt/java/bin/java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:MaxRAMPercentage=60", \
            "-XX:+ExitOnOutOfMemoryError", "-jar", "/opt/keyrotation/quarkus-run.jar"]
