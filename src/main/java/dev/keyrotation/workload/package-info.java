/** What runs LiteLLM: Deployments and their pods. */
@NullMarked
package dev.keyrotation.workload;

import org.jspecify.annotations.NullMarked;
