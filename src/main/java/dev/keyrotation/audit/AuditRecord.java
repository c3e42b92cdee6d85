package dev.keyrotation.audit;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import com.fasterxml.jackson.annotation.JsonUnwrapped;

/**
 * One line of the audit, as it is read back.
 *
 * @param seq its number, counted from 1
 * @param time when, RFC 3339
 * @param resource the KeyRotation, {@code namespace/name}
 * @param previous hash of the line before it
 * @param entry what it says
 * @param hash its own hash, see {@link AuditChain}
 */
@JsonPropertyOrder({"seq", "time", "resource", "previous", "entry", "hash"})
public record AuditRecord(
    long seq,
    String time,
    String resource,
    String previous,
    @JsonUnwrapped AuditEntry entry,
    String hash) {}
