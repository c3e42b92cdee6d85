package dev.keyrotation.workload;

import dev.keyrotation.api.v1alpha1.DeploymentTarget;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.PodSpec;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Which container of a pod runs LiteLLM. */
sealed interface LiteLlmContainer {
  String USUAL_NAME = "litellm";

  /** It is known. */
  record Found(Container container) implements LiteLlmContainer {
    /** Without its environment, which may hold keys. */
    @Override
    public String toString() {
      return "Found[" + container.getName() + "]";
    }
  }

  /** It is not; the sentence says what to do. */
  record Unknown(String message) implements LiteLlmContainer {}

  /** The one that the spec names, else the one called {@code litellm}, else the only one. */
  static LiteLlmContainer in(PodSpec pod, DeploymentTarget target) {
    List<Container> containers = pod.getContainers();
    String wanted = target.container() == null ? USUAL_NAME : target.container();
    Container named = named(containers, wanted);
    if (named != null) {
      return new Found(named);
    }
    if (target.container() == null && containers.size() == 1) {
      return new Found(containers.getFirst());
    }
    String names = String.join(", ", containers.stream().map(Container::getName).toList());
    return new Unknown(
        target.container() == null
            ? "deployment/"
                + target.name()
                + " has several containers ("
                + names
                + ") and none is called litellm. Set deployment.container in spec.workloads."
            : "deployment/"
                + target.name()
                + " has no container "
                + wanted
                + "; it has: "
                + names
                + ". Correct deployment.container in spec.workloads.");
  }

  private static @Nullable Container named(List<Container> containers, String name) {
    for (Container container : containers) {
      if (Objects.equals(container.getName(), name)) {
        return container;
      }
    }
    return null;
  }
}
