package dev.keyrotation.controller;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.keyrotation.api.v1alpha1.KeyRotation;
import org.junit.jupiter.api.Test;

class UnknownFieldsTest {
  @Test
  void aResourceOfANewerVersionIsReadWithoutTheFieldsThatAreNotKnown() throws Exception {
    ObjectMapper mapper = new ObjectMapper();
    new UnknownFields().customize(mapper);

    KeyRotation read =
        mapper.readValue(
            """
            {"apiVersion": "keyrotation.dev/v1alpha1", "kind": "KeyRotation",
             "spec": {"fromTomorrow": 1, "keys": ["Master"], "secretRef": {"name": "keys", "fromTomorrow": true},
                      "workloads": [{"deployment": {"name": "litellm"}}]}}
            """,
            KeyRotation.class);

    assertThat(read.getSpec().secretRef().name()).isEqualTo("keys");
  }
}
