package dev.keyrotation;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import dev.keyrotation.key.KeyMaterial;
import java.io.File;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZonedDateTime;
import java.util.Random;

/** The way through the code has one direction; these are its edges. */
@AnalyzeClasses(packages = "dev.keyrotation", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

  @ArchTest
  static final ArchRule edgesPointDownward =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .layer("controller")
          .definedBy("dev.keyrotation.controller..")
          .layer("leader")
          .definedBy("dev.keyrotation.leader..")
          .layer("metrics")
          .definedBy("dev.keyrotation.metrics..")
          .layer("cli")
          .definedBy("dev.keyrotation.cli..")
          .layer("audit")
          .definedBy("dev.keyrotation.audit..")
          .layer("engine")
          .definedBy("dev.keyrotation.engine..")
          .layer("observe")
          .definedBy("dev.keyrotation.observe..")
          .layer("step")
          .definedBy("dev.keyrotation.step..")
          .layer("status")
          .definedBy("dev.keyrotation.status..")
          .layer("plan")
          .definedBy("dev.keyrotation.plan..")
          .layer("database")
          .definedBy("dev.keyrotation.database..")
          .layer("workload")
          .definedBy("dev.keyrotation.workload..")
          .layer("systemd")
          .definedBy("dev.keyrotation.systemd..")
          .layer("envfile")
          .definedBy("dev.keyrotation.envfile..")
          .layer("host")
          .definedBy("dev.keyrotation.host..")
          .layer("proxy")
          .definedBy("dev.keyrotation.proxy..")
          .layer("tls")
          .definedBy("dev.keyrotation.tls..")
          .layer("redis")
          .definedBy("dev.keyrotation.redis..")
          .layer("cipher")
          .definedBy("dev.keyrotation.cipher..")
          .layer("key")
          .definedBy("dev.keyrotation.key..")
          .layer("failure")
          .definedBy("dev.keyrotation.failure..")
          .layer("api")
          .definedBy("dev.keyrotation.api..")
          .whereLayer("controller")
          .mayNotBeAccessedByAnyLayer()
          .whereLayer("leader")
          .mayOnlyBeAccessedByLayers("controller")
          .whereLayer("metrics")
          .mayOnlyBeAccessedByLayers("controller")
          .whereLayer("cli")
          .mayNotBeAccessedByAnyLayer()
          .whereLayer("audit")
          .mayOnlyBeAccessedByLayers("controller", "cli")
          .whereLayer("engine")
          .mayOnlyBeAccessedByLayers("controller", "cli", "audit", "metrics")
          .whereLayer("observe")
          .mayOnlyBeAccessedByLayers("controller", "cli", "engine")
          .whereLayer("step")
          .mayOnlyBeAccessedByLayers("controller", "cli", "engine")
          .whereLayer("status")
          .mayOnlyBeAccessedByLayers("controller", "cli", "audit", "engine")
          .whereLayer("plan")
          .mayOnlyBeAccessedByLayers(
              "controller", "cli", "audit", "metrics", "engine", "observe", "step", "status")
          .whereLayer("database")
          .mayOnlyBeAccessedByLayers("controller", "cli", "observe", "step")
          .whereLayer("workload")
          .mayOnlyBeAccessedByLayers("controller", "cli", "observe", "step", "systemd")
          .whereLayer("systemd")
          .mayOnlyBeAccessedByLayers("controller", "cli")
          .whereLayer("envfile")
          .mayOnlyBeAccessedByLayers("controller", "cli", "systemd")
          .whereLayer("host")
          .mayOnlyBeAccessedByLayers("controller", "cli", "systemd", "envfile")
          .whereLayer("proxy")
          .mayOnlyBeAccessedByLayers("controller", "cli", "observe", "step")
          .whereLayer("tls")
          .mayOnlyBeAccessedByLayers("controller", "cli", "database", "proxy")
          .whereLayer("redis")
          .mayOnlyBeAccessedByLayers("controller", "observe", "step")
          .whereLayer("cipher")
          .mayOnlyBeAccessedByLayers("database")
          .whereLayer("key")
          .mayOnlyBeAccessedByLayers(
              "controller",
              "cli",
              "observe",
              "step",
              "database",
              "workload",
              "systemd",
              "envfile",
              "proxy",
              "redis",
              "cipher");

  @ArchTest
  static final ArchRule decisionsArePure =
      noClasses()
          .that()
          .resideInAnyPackage("dev.keyrotation.plan..", "dev.keyrotation.status..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "java.sql..", "java.net..", "java.nio..", "io.fabric8.kubernetes.client.dsl..")
          .orShould()
          .dependOnClassesThat()
          .belongToAnyOf(Clock.class, Random.class, SecureRandom.class, File.class, Thread.class);

  @ArchTest
  static final ArchRule timeIsAnArgument =
      noClasses()
          .should()
          .callMethod(Instant.class, "now")
          .orShould()
          .callMethod(LocalDateTime.class, "now")
          .orShould()
          .callMethod(ZonedDateTime.class, "now")
          .orShould()
          .callMethod(System.class, "currentTimeMillis");

  @ArchTest
  static final ArchRule keysAreRevealedOnlyWhereTheyLeave =
      noClasses()
          .that()
          .resideOutsideOfPackages(
              "dev.keyrotation.key..",
              "dev.keyrotation.cipher..",
              "dev.keyrotation.envfile..",
              "dev.keyrotation.database..",
              "dev.keyrotation.proxy..",
              "dev.keyrotation.redis..")
          .should()
          .callMethod(KeyMaterial.class, "reveal")
          .orShould()
          .callMethod(KeyMaterial.class, "utf8")
          .orShould()
          .callMethod(KeyMaterial.class, "tokenHash");

  @ArchTest
  static final ArchRule nothingIsPrintedPastTheLog =
      noClasses()
          .should()
          .accessField(System.class, "out")
          .orShould()
          .accessField(System.class, "err")
          .orShould()
          .callMethod(Throwable.class, "printStackTrace");
}
