package dev.keyrotation.api.v1alpha1;

import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Kind;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;

/**
 * Rotates the master key and the salt key of the LiteLLM instances that share a Secret and a
 * database.
 */
@Group("keyrotation.dev")
@Version("v1alpha1")
@Kind("KeyRotation")
@Plural("keyrotations")
@ShortNames("kr")
@AdditionalPrinterColumn(
    name = "Ready",
    jsonPath = ".status.conditions[?(@.type==\"Ready\")].status",
    type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(
    name = "Revision",
    jsonPath = ".status.activeKeys.revision",
    type = AdditionalPrinterColumn.Type.INTEGER)
@AdditionalPrinterColumn(
    name = "Step",
    jsonPath = ".status.rotation.step",
    type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(
    name = "Last",
    jsonPath = ".status.lastResult",
    type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(
    name = "Key-Age",
    jsonPath = ".status.activeKeys.since",
    type = AdditionalPrinterColumn.Type.DATE)
@AdditionalPrinterColumn(
    name = "Next",
    jsonPath = ".status.nextRotationAt",
    type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(
    name = "Direction",
    jsonPath = ".status.rotation.direction",
    type = AdditionalPrinterColumn.Type.STRING,
    priority = 1)
@AdditionalPrinterColumn(
    name = "Message",
    jsonPath = ".status.conditions[?(@.type==\"Ready\")].message",
    type = AdditionalPrinterColumn.Type.STRING,
    priority = 1)
@ValidationRule(
    value =
        "!has(oldSelf.status) || !has(oldSelf.status.rotation) || (self.spec.keys == oldSelf.spec.keys"
            + " && has(self.spec.secretRef) == has(oldSelf.spec.secretRef)"
            + " && (!has(self.spec.secretRef) || self.spec.secretRef == oldSelf.spec.secretRef)"
            + " && has(self.spec.database) == has(oldSelf.spec.database)"
            + " && (!has(self.spec.database) || (self.spec.database.urlFrom == oldSelf.spec.database.urlFrom"
            + " && self.spec.database.schema == oldSelf.spec.database.schema))"
            + " && self.spec.workloads == oldSelf.spec.workloads)",
    message =
        "a rotation is under way: keys, secretRef, database and workloads cannot change until status.rotation is gone")
public class KeyRotation extends CustomResource<KeyRotationSpec, KeyRotationStatus>
    implements Namespaced {
  private static final long serialVersionUID = 1;
}
