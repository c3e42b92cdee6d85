package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;

/**
 * The size of a workload before it was stopped; recorded before, so that a crash cannot lose it.
 */
public record WorkloadSize(
    @JsonPropertyDescription("The workload, for example deployment/litellm.") String workload,
    @JsonPropertyDescription("Its replicas.") int replicas) {}
