package dev.keyrotation.api.v1alpha1;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.crdv2.generator.CRDPostProcessor;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceColumnDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinitionVersion;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.stream.Stream;

/**
 * What annotations cannot say: the order of columns, that spec is required, how conditions are
 * merged.
 */
final class DefinitionPolish implements CRDPostProcessor {
  private static final List<String> COLUMNS =
      Stream.of(KeyRotation.class.getAnnotationsByType(AdditionalPrinterColumn.class))
          .map(AdditionalPrinterColumn::name)
          .toList();

  @Override
  public HasMetadata process(HasMetadata crd, String crdVersion) {
    CustomResourceDefinition definition = (CustomResourceDefinition) crd;
    definition.getSpec().getNames().setCategories(List.of("litellm"));
    for (CustomResourceDefinitionVersion version : definition.getSpec().getVersions()) {
      List<CustomResourceColumnDefinition> columns =
          new ArrayList<>(version.getAdditionalPrinterColumns());
      columns.sort(Comparator.comparingInt(column -> COLUMNS.indexOf(column.getName())));
      version.setAdditionalPrinterColumns(columns);
      JSONSchemaProps root = version.getSchema().getOpenAPIV3Schema();
      root.setDescription(
          "Rotates the master key and the salt key of the LiteLLM instances that share a Secret and"
              + " a database.");
      root.setRequired(List.of("spec"));
      root.getProperties().get("spec").setDescription("What the user wants.");
      JSONSchemaProps status = root.getProperties().get("status");
      status.setDescription("What is. The operator alone writes it.");
      // Until the operator has looked, tools shall not take the resource for one that is ready.
      status.setDefault(JsonNodeFactory.instance.objectNode().put("observedGeneration", -1));
      JSONSchemaProps conditions = status.getProperties().get("conditions");
      conditions.setXKubernetesListType("map");
      conditions.setXKubernetesListMapKeys(List.of("type"));
      conditions.getItems().getSchema().setRequired(List.of("type", "status"));
      rulesOnce(root);
    }
    return definition;
  }

  /** The generator meets a rule on a record component twice: on the field and on the accessor. */
  private static void rulesOnce(JSONSchemaProps schema) {
    if (schema.getXKubernetesValidations() != null) {
      schema.setXKubernetesValidations(
          new ArrayList<>(new LinkedHashSet<>(schema.getXKubernetesValidations())));
    }
    if (schema.getProperties() != null) {
      schema.getProperties().values().forEach(DefinitionPolish::rulesOnce);
    }
    if (schema.getItems() != null && schema.getItems().getSchema() != null) {
      rulesOnce(schema.getItems().getSchema());
    }
  }
}
