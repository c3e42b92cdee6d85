/**
 * The {@code KeyRotation} resource, group {@code keyrotation.dev}, version {@code v1alpha1}: data
 * and public vocabulary only. The custom resource definition in {@code deploy/crds/} is generated
 * from these types; the descriptions here are what {@code kubectl explain keyrotation.spec} prints.
 */
@NullMarked
package dev.keyrotation.api.v1alpha1;

import org.jspecify.annotations.NullMarked;
