#pragma once
#include "boot/platform/clock.hpp"
#include "boot/platform/network/network.hpp"
#include "boot/platform/pages.hpp"
#include "uefi_headers/tcp4.hpp"

namespace platform {

/// An event that firmware signals when a call that went on has ended.
class Signal {
 public:
  rt::Result<void> create();
  void close();
  uefi::Event event() const { return event_; }
  /// Was it signalled since the last look?
  bool seen() const;
  /// The same of a token that was made not_ready. Firmware that says too much is not believed: it still has the token.
  bool ended(const uefi::CompletionToken& token) const { return seen() && token.status != uefi::Status::not_ready; }

 private:
  uefi::Event event_ = nullptr;
};

/// A TCP connection that is looked at from time to time: no call waits. Memory is fixed: this object. Everything that
/// was asked of firmware is given back by close() and reset(), whatever failed before. Lives in zeroed memory that does
/// not move.
class Connection {
 public:
  static constexpr uint32_t kInBytes = 16 * 1024, kOutBytes = 16 * 1024;  // read and taken at a time

  /// Asks for a connection to a server. Then pump() until connected() or failed().
  rt::Result<void> connect(const Network& network, uefi::Ip4Address server, uint16_t port, const Clock& clock);

  /// Lets packets in and out, and looks at what ended meanwhile. A Listener does it for its own connections.
  void pump();

  /// Takes the bytes that are there, at most `into.count`; 0: none yet, or never again.
  uint64_t read(rt::Span<uint8_t> into);
  /// Takes over bytes to be sent and returns how many; 0 while those from before are on their way.
  uint64_t write(rt::Span<const uint8_t> bytes);
  /// Nothing is on its way any more: the other side has all that was written.
  bool sent() const { return !sending_; }

  bool connected() const { return state_ == State::open; }
  /// The other side has sent all it had to say, and all of that was read.
  bool closed_by_peer() const { return ended_ && at_ == end_; }
  /// It is broken: only reset() makes sense.
  bool failed() const { return failed_; }
  /// What firmware said when it broke.
  uefi::Status why() const { return why_; }
  /// Is that what peers and networks do, and nothing to tell the user?
  bool failed_by_peer() const;
  /// Address of the other side.
  uefi::Ip4Address peer() const;

  /// Says goodbye once the other side has all, which may take 30 s, and waits for it 3 s; Listener::poll() or pump()
  /// does the rest. The connection is not to be used any more.
  void close();
  /// Ends it at once. The connection is not to be used any more.
  void reset();
  bool free() const { return state_ == State::free; }

 private:
  friend class Listener;
  enum class State : uint8_t { free, listening, connecting, arrived, open, closing, saying_goodbye };

  void poll();
  rt::Result<void> prepare(const Network& network, const Clock& clock);
  uefi::Status listen(uefi::Tcp4* listener);
  void take_child();
  void start_receiving();
  void fail(uefi::Status why);

  const Network* network_;
  const Clock* clock_;
  uefi::Handle child_;
  uefi::Tcp4* tcp_;
  Signal in_signal_, out_signal_;
  State state_;
  bool receiving_, sending_, ended_, failed_;
  uefi::Status why_;
  uint64_t closed_at_;  // ticks: when close() was called, then when it said goodbye
  uint32_t at_, end_;   // in_[at_, end_) was not read yet
  union {
    uefi::Tcp4IoToken in_token_;
    uefi::Tcp4ListenToken listen_token_;
  };
  union {
    uefi::Tcp4IoToken out_token_;
    uefi::CompletionToken connect_token_;
    uefi::Tcp4CloseToken close_token_;
  };
  uefi::Tcp4CloseToken reset_token_;
  uefi::Tcp4ReceiveData received_;
  uefi::Tcp4TransmitData transmitted_;
  uint8_t in_[kInBytes], out_[kOutBytes];
};

/// Waits on a port for connections, and owns them. To be polled often.
class Listener {
 public:
  /// `connections`: as many are served at a time; more wait in firmware. `port` > 0. The clock and the network must
  /// outlive it.
  static rt::Result<Listener*> open(const Network& network, uint16_t port, uint32_t connections, const Clock& clock);

  /// Lets packets in and out, and looks at every connection.
  void poll();
  /// A connection that came since the last call, or null. It is this listener's until close() or reset().
  Connection* accepted();
  /// Connections in use.
  uint32_t in_use() const;
  /// None can come any more, whatever is done: firmware refuses to wait for them.
  bool failed() const;
  /// What firmware said when it refused last.
  uefi::Status why() const { return why_; }
  uint16_t port() const { return port_; }
  /// Ends everything and gives the listener's own memory back.
  void close();

 private:
  Listener() = default;

  const Network* network_ = nullptr;
  uefi::Handle child_ = nullptr;
  uefi::Tcp4* tcp_ = nullptr;
  uint16_t port_ = 0;
  uefi::Status why_ = uefi::Status::success;
  Pages memory_;  // this object lies in it, and its connections behind it
  rt::Span<Connection> connections_;
};

}  // namespace platform
