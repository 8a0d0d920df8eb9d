#pragma once
#include "uefi_headers/types.hpp"

namespace uefi {

inline constexpr uint64_t kErrorBit = 1ull << 63;

/// UEFI 2.10 Appendix D, EFI_STATUS. Firmware may return values that are not listed.
enum class [[nodiscard]] Status : uint64_t {
  success = 0,

  // Table D.4: warnings. The call did something.
  warn_unknown_glyph = 1,
  warn_delete_failure = 2,
  warn_write_failure = 3,
  warn_buffer_too_small = 4,
  warn_stale_data = 5,
  warn_file_system = 6,
  warn_reset_required = 7,

  // Table D.3: errors.
  load_error = kErrorBit | 1,
  invalid_parameter = kErrorBit | 2,
  unsupported = kErrorBit | 3,
  bad_buffer_size = kErrorBit | 4,
  buffer_too_small = kErrorBit | 5,
  not_ready = kErrorBit | 6,
  device_error = kErrorBit | 7,
  write_protected = kErrorBit | 8,
  out_of_resources = kErrorBit | 9,
  volume_corrupted = kErrorBit | 10,
  volume_full = kErrorBit | 11,
  no_media = kErrorBit | 12,
  media_changed = kErrorBit | 13,
  not_found = kErrorBit | 14,
  access_denied = kErrorBit | 15,
  no_response = kErrorBit | 16,
  no_mapping = kErrorBit | 17,
  timeout = kErrorBit | 18,
  not_started = kErrorBit | 19,
  already_started = kErrorBit | 20,
  aborted = kErrorBit | 21,
  icmp_error = kErrorBit | 22,
  tftp_error = kErrorBit | 23,
  protocol_error = kErrorBit | 24,
  incompatible_version = kErrorBit | 25,
  security_violation = kErrorBit | 26,
  crc_error = kErrorBit | 27,
  end_of_media = kErrorBit | 28,
  end_of_file = kErrorBit | 31,
  invalid_language = kErrorBit | 32,
  compromised_data = kErrorBit | 33,
  ip_address_conflict = kErrorBit | 34,
  http_error = kErrorBit | 35,
};

/// True for errors, false for success and warnings.
constexpr bool is_error(Status status) { return (static_cast<uint64_t>(status) & kErrorBit) != 0; }

/// The spec's name of `status`, or nullptr if the spec does not list it.
constexpr const char* status_name(Status status) {
  switch (status) {
    case Status::success: return "EFI_SUCCESS";
    case Status::warn_unknown_glyph: return "EFI_WARN_UNKNOWN_GLYPH";
    case Status::warn_delete_failure: return "EFI_WARN_DELETE_FAILURE";
    case Status::warn_write_failure: return "EFI_WARN_WRITE_FAILURE";
    case Status::warn_buffer_too_small: return "EFI_WARN_BUFFER_TOO_SMALL";
    case Status::warn_stale_data: return "EFI_WARN_STALE_DATA";
    case Status::warn_file_system: return "EFI_WARN_FILE_SYSTEM";
    case Status::warn_reset_required: return "EFI_WARN_RESET_REQUIRED";
    case Status::load_error: return "EFI_LOAD_ERROR";
    case Status::invalid_parameter: return "EFI_INVALID_PARAMETER";
    case Status::unsupported: return "EFI_UNSUPPORTED";
    case Status::bad_buffer_size: return "EFI_BAD_BUFFER_SIZE";
    case Status::buffer_too_small: return "EFI_BUFFER_TOO_SMALL";
    case Status::not_ready: return "EFI_NOT_READY";
    case Status::device_error: return "EFI_DEVICE_ERROR";
    case Status::write_protected: return "EFI_WRITE_PROTECTED";
    case Status::out_of_resources: return "EFI_OUT_OF_RESOURCES";
    case Status::volume_corrupted: return "EFI_VOLUME_CORRUPTED";
    case Status::volume_full: return "EFI_VOLUME_FULL";
    case Status::no_media: return "EFI_NO_MEDIA";
    case Status::media_changed: return "EFI_MEDIA_CHANGED";
    case Status::not_found: return "EFI_NOT_FOUND";
    case Status::access_denied: return "EFI_ACCESS_DENIED";
    case Status::no_response: return "EFI_NO_RESPONSE";
    case Status::no_mapping: return "EFI_NO_MAPPING";
    case Status::timeout: return "EFI_TIMEOUT";
    case Status::not_started: return "EFI_NOT_STARTED";
    case Status::already_started: return "EFI_ALREADY_STARTED";
    case Status::aborted: return "EFI_ABORTED";
    case Status::icmp_error: return "EFI_ICMP_ERROR";
    case Status::tftp_error: return "EFI_TFTP_ERROR";
    case Status::protocol_error: return "EFI_PROTOCOL_ERROR";
    case Status::incompatible_version: return "EFI_INCOMPATIBLE_VERSION";
    case Status::security_violation: return "EFI_SECURITY_VIOLATION";
    case Status::crc_error: return "EFI_CRC_ERROR";
    case Status::end_of_media: return "EFI_END_OF_MEDIA";
    case Status::end_of_file: return "EFI_END_OF_FILE";
    case Status::invalid_language: return "EFI_INVALID_LANGUAGE";
    case Status::compromised_data: return "EFI_COMPROMISED_DATA";
    case Status::ip_address_conflict: return "EFI_IP_ADDRESS_CONFLICT";
    case Status::http_error: return "EFI_HTTP_ERROR";
  }
  return nullptr;
}

static_assert(sizeof(Status) == 8);

}  // namespace uefi
