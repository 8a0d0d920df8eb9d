#pragma once
#include "boot/platform/clock.hpp"
#include "boot/platform/keyboard.hpp"
#include "rt/result.hpp"
#include "uefi_headers/dhcp4.hpp"
#include "uefi_headers/tcp4.hpp"

namespace platform {

/// A network card with an address. There is at most one in use; nothing is touched before start(), and no firmware
/// variable is ever set: the address comes from the HTTP boot that started this program, else from DHCP.
class Network {
 public:
  /// The network in use; the first call finds a card with a cable and an address. That takes up to half a minute a
  /// card; Esc and Ctrl-C end it with Errc::stopped. Clock and keyboard are used until stop().
  static rt::Result<const Network*> start(const Clock& clock, Keyboard& keyboard);
  /// Gives everything back. No connection may be left.
  static void stop();

  uefi::Ip4Address address() const { return address_; }
  /// As it is written: "10.0.2.15".
  rt::Text address_text() const { return text_; }

  /// The address of a server that has a name; errors are the rest of a sentence that begins with it.
  rt::Result<uefi::Ip4Address> look_up(rt::Text name) const;

  /// A new instance of TCP on this card, and its protocol. For tcp.cpp.
  rt::Result<uefi::Tcp4*> make_tcp(uefi::Handle& child) const;
  /// Gives it back.
  void drop_tcp(uefi::Handle child, uefi::Tcp4* tcp) const;
  /// Fills in where we are; `port` of ours, or 0.
  void set_station(uefi::Tcp4AccessPoint& point, uint16_t port) const;
  /// Tells an instance that was configured the way out of the own network.
  void set_route(uefi::Tcp4* tcp) const;

  const Clock& clock() const { return *clock_; }
  Keyboard& keyboard() const { return *keyboard_; }

 private:
  rt::Result<void> use(uefi::Handle card);
  rt::Result<void> ask_for_address();
  void leave();

  const Clock* clock_ = nullptr;
  Keyboard* keyboard_ = nullptr;
  uefi::ServiceBinding* tcp_ = nullptr;   // null: not in use
  uefi::ServiceBinding* dhcp_ = nullptr;
  uefi::Handle card_ = nullptr, dhcp_child_ = nullptr;
  uefi::Ip4Address address_{}, mask_{}, gateway_{}, name_server_{};
  char text_[16] = {};
};

/// "10.0.2.15", in `buffer`.
rt::Text ip4_text(uefi::Ip4Address address, rt::Span<char> buffer);

}  // namespace platform
