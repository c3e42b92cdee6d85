package dev.keyrotation.controller;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.kubernetes.client.KubernetesClientObjectMapperCustomizer;
import jakarta.inject.Singleton;

/**
 * Lets the operator read resources with fields that it does not know: during an upgrade, and after
 * one that was taken back, the definition in the cluster is newer than the operator. One such
 * resource would else end the watch on all of them. The API server has refused misspelled fields
 * before (or pruned them); the command, which reads files, stays strict.
 */
@Singleton
final class UnknownFields implements KubernetesClientObjectMapperCustomizer {
  @Override
  public void customize(ObjectMapper mapper) {
    mapper.disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);
  }
}
