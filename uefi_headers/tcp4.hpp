#pragma once
#include "uefi_headers/service_binding.hpp"

namespace uefi {

/// UEFI 2.10 §28.1.4: how a connection can end. Not in the table of Appendix D.
inline constexpr Status kNetworkUnreachable = Status(kErrorBit | 100);  // the first of those that come from a network
inline constexpr Status kConnectionFin = Status(kErrorBit | 104);      // the other side has sent all
inline constexpr Status kConnectionReset = Status(kErrorBit | 105);
inline constexpr Status kConnectionRefused = Status(kErrorBit | 106);

/// UEFI 2.10 §28.1.5, EFI_TCP4_ACCESS_POINT. Ports in host order.
struct Tcp4AccessPoint {
  Boolean use_default_address;
  Ip4Address station;
  Ip4Address subnet_mask;
  uint16_t station_port;  // 0: any
  Ip4Address remote;
  uint16_t remote_port;
  Boolean active;  // connects; else it listens
};
static_assert(offsetof(Tcp4AccessPoint, station_port) == 10);
static_assert(offsetof(Tcp4AccessPoint, remote_port) == 16);
static_assert(sizeof(Tcp4AccessPoint) == 20);

/// UEFI 2.10 §28.1.5, EFI_TCP4_OPTION. Sizes in bytes, times in seconds; 0: firmware's own choice.
struct Tcp4Option {
  uint32_t receive_buffer, send_buffer, max_syn_back_log, connection_timeout, data_retries, fin_timeout,
      time_wait_timeout, keep_alive_probes, keep_alive_time, keep_alive_interval;
  Boolean nagle, time_stamp, window_scaling, selective_ack, path_mtu_discovery;
};
static_assert(offsetof(Tcp4Option, nagle) == 40 && sizeof(Tcp4Option) == 48);

/// UEFI 2.10 §28.1.5, EFI_TCP4_CONFIG_DATA.
struct Tcp4ConfigData {
  uint8_t type_of_service;
  uint8_t time_to_live;
  Tcp4AccessPoint access_point;
  Tcp4Option* option;
};
static_assert(offsetof(Tcp4ConfigData, access_point) == 2 && offsetof(Tcp4ConfigData, option) == 24);

struct Tcp4ListenToken {
  CompletionToken completion;
  Handle new_child;
};

struct Tcp4CloseToken {
  CompletionToken completion;
  Boolean abort;
};

/// A part of a packet: an array with one element here.
struct Tcp4FragmentData {
  uint32_t length;
  void* data;
};

struct Tcp4ReceiveData {
  Boolean urgent;
  uint32_t length;  // in: room, out: bytes that came
  uint32_t fragment_count;
  Tcp4FragmentData fragment;
};
static_assert(offsetof(Tcp4ReceiveData, length) == 4 && offsetof(Tcp4ReceiveData, fragment) == 16);

struct Tcp4TransmitData {
  Boolean push, urgent;
  uint32_t length;
  uint32_t fragment_count;
  Tcp4FragmentData fragment;
};
static_assert(offsetof(Tcp4TransmitData, length) == 4 && offsetof(Tcp4TransmitData, fragment) == 16);

struct Tcp4IoToken {
  CompletionToken completion;
  union {
    Tcp4ReceiveData* receive;
    Tcp4TransmitData* transmit;
  };
};
static_assert(sizeof(Tcp4IoToken) == 24 && sizeof(Tcp4ReceiveData) == 32 && sizeof(Tcp4TransmitData) == 32);

/// UEFI 2.10 §28.1, EFI_TCP4_PROTOCOL. One instance listens, or is one connection.
struct Tcp4 {
  static constexpr Guid kGuid = guid("65530bc7-a359-410f-b010-5aadc7ec2b62");
  static constexpr Guid kBindingGuid = guid("00720665-67eb-4a99-baf7-d3c33a1c7cc9");

  Status (*get_mode_data)(Tcp4* self, uint32_t* state, Tcp4ConfigData* config, void* ip4_mode, void* mnp_config,
                          void* snp_mode);
  Status (*configure)(Tcp4* self, const Tcp4ConfigData* config);  // null: ends all that goes on
  Status (*routes)(Tcp4* self, Boolean remove, const Ip4Address* subnet, const Ip4Address* mask,
                   const Ip4Address* gateway);
  Status (*connect)(Tcp4* self, CompletionToken* token);
  Status (*accept)(Tcp4* self, Tcp4ListenToken* token);
  Status (*transmit)(Tcp4* self, Tcp4IoToken* token);
  Status (*receive)(Tcp4* self, Tcp4IoToken* token);
  Status (*close)(Tcp4* self, Tcp4CloseToken* token);
  Status (*cancel)(Tcp4* self, CompletionToken* token);
  Status (*poll)(Tcp4* self);
};
static_assert(offsetof(Tcp4, receive) == 48 && sizeof(Tcp4) == 80);

}  // namespace uefi
