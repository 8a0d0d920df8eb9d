#pragma once
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/firmware/faults.hpp"
#include "uefi_headers/boot_services.hpp"
#include "uefi_headers/dhcp4.hpp"
#include "uefi_headers/dns4.hpp"
#include "uefi_headers/simple_network.hpp"
#include "uefi_headers/tcp4.hpp"

namespace test {

/// How the other side of a connection ends what it says.
enum class Ending { close, silence, reset };

/// What the other side of a connection says.
struct Speech {
  std::string bytes;
  Ending ending = Ending::close;
  uint32_t slow = 0;  // so many bytes in front come one at a time, each after a thousand looks
  uint64_t takes_seconds = 0;  // until it has what it was sent
  uint64_t parts_seconds = 0;  // until it says goodbye to our goodbye
};

/// What a machine's network is like.
struct NetworkMachine {
  bool present = false;
  bool connected = true;  // else only once ConnectController was called
  bool cable = true;
  bool dhcp = true;       // somebody answers
  bool dhcp_renewing = false;  // there is an address already
  bool dhcp_lies = false;      // its packet claims to be longer than it is
  bool name_server = true;  // DHCP names one
  std::string known_name;   // that it knows: the server's
  bool names_answered = true;  // it answers
  bool listens = true;    // the server; else it refuses
  bool answers = true;    // the server's machine; else nothing comes back
  uint32_t segment = 8192;  // bytes that come at a time
  std::map<std::string, Speech> served;  // by path: what a GET is answered with
  std::vector<Speech> visitors;          // who connect to a port of ours, one after the other
  std::string boot_url;                  // the program came from there
};

/// Network protocols of one card: TCP4, DHCP4 and DNS4, their service bindings, and a server out there. Nothing happens but in
/// Poll(), one step of every connection each time.
class FakeNetwork {
 public:
  FakeNetwork(const NetworkMachine& machine, Ledger& ledger, Complaints& complaints);
  FakeNetwork(const FakeNetwork&) = delete;
  ~FakeNetwork();

  /// What `handle` has of `guid`, or null.
  void* interface(uefi::Handle handle, const uefi::Guid& guid);
  uefi::Handle card() const;
  /// The handle that the program came from, where that was a network.
  uefi::Handle boot_handle() const;
  bool is_up() const { return machine_.present && connected_; }
  void connect() { connected_ = true; }
  /// Where the memory comes from that a caller has to free.
  std::function<void*(uint64_t)> allocate_pool;
  bool touched() const { return touched_; }

  bool take_signal(uefi::Event event) { return signalled_.erase(event); }
  /// Does firmware still hold a token with this event?
  bool awaits(uefi::Event event) const;
  /// What the visitors were told, one after the other.
  const std::vector<std::string>& told() const { return told_; }
  /// Complains of what was not given back.
  void check_restored();

 private:
  struct Tcp;
  struct Dhcp;
  struct Dns;
  struct Binding : uefi::ServiceBinding {
    FakeNetwork* network;
    int kind;  // 0: TCP, 1: DHCP, 2: DNS
  };

  uefi::Status create(int kind, uefi::Handle* child);
  uefi::Status destroy(int kind, uefi::Handle child);
  void signal(uefi::CompletionToken& token, uefi::Status status);
  bool step();
  bool step(Tcp& tcp);
  void hear(Tcp& tcp);

  const NetworkMachine& machine_;
  Ledger& ledger_;
  Complaints& complaints_;
  bool connected_, touched_ = false;
  Binding bindings_[3];
  uefi::SimpleNetworkMode mode_{};
  struct Snp : uefi::SimpleNetwork {
    FakeNetwork* network;
  } snp_{};
  std::map<uefi::Handle, std::unique_ptr<Tcp>> tcps_;
  std::map<uefi::Handle, std::unique_ptr<Dhcp>> dhcps_;
  std::map<uefi::Handle, std::unique_ptr<Dns>> names_;
  std::vector<uint8_t> dhcp_reply_;
  std::vector<std::unique_ptr<Tcp>> gone_;  // in case that somebody calls them
  std::set<uefi::Event> signalled_;
  uint64_t made_ = 0;
  size_t next_visitor_ = 0;
  std::vector<std::string> told_;
  std::vector<uint8_t> boot_path_;
};

/// The answer of a web server: status line, length, body.
Speech web_answer(const std::string& body, const std::string& status = "200 OK");

}  // namespace test
