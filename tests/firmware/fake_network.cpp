#include "tests/firmware/fake_network.hpp"

#include <algorithm>
#include <cstring>

#include "tests/firmware/fake_processors.hpp"

namespace test {

using uefi::Boolean;
using uefi::Handle;
using uefi::Status;

namespace {

constexpr uint64_t kCard = 0x300000, kBoot = 0x300008, kFirstChild = 0x310000;

Handle handle(uint64_t value) { return reinterpret_cast<Handle>(value); }

}  // namespace

struct FakeNetwork::Tcp : uefi::Tcp4 {
  FakeNetwork* network = nullptr;
  bool configured = false, listens = false, connected = false, visitor = false, goodbye = false;
  Speech speech;          // what is still to come from the other side
  bool speaks = false;    // the other side has begun
  uint32_t looks = 0;     // since it said something
  std::string heard;      // what we sent
  size_t told = 0;        // of a visitor: its place in told_
  uefi::CompletionToken* connecting = nullptr;
  uefi::Tcp4IoToken *receiving = nullptr, *transmitting = nullptr;
  uefi::Tcp4CloseToken* closing = nullptr;
  uint64_t asked_at = 0;  // to transmit or to close, in time of our own
  std::vector<uefi::Tcp4ListenToken*> accepting;

  template <class Use>
  void each_token(Use use) {
    if (connecting) use(*connecting);
    if (receiving) use(receiving->completion);
    if (transmitting) use(transmitting->completion);
    if (closing) use(closing->completion);
    for (auto* token : accepting) use(token->completion);
  }

  void flush() {
    each_token([&](uefi::CompletionToken& token) { network->signal(token, Status::aborted); });
    connecting = nullptr;
    receiving = transmitting = nullptr;
    closing = nullptr;
    accepting.clear();
    configured = listens = connected = false;
  }
};

struct FakeNetwork::Dns : uefi::Dns4 {
  FakeNetwork* network = nullptr;
  bool configured = false;
  uefi::Dns4Token* asked = nullptr;
  std::string name;
};

struct FakeNetwork::Dhcp : uefi::Dhcp4 {
  FakeNetwork* network = nullptr;
  uefi::Dhcp4State state = uefi::Dhcp4State::stopped;
  uefi::Event completion = nullptr;
};

/// Where a service begins, in a lambda whose first parameter is `self`.
#define SERVICE(type, service)                       \
  type& t = *static_cast<type*>(self);               \
  FakeNetwork& n = *t.network;                       \
  n.touched_ = true;                                 \
  if (auto answer = n.ledger_.refusal(Service::service)) return *answer

FakeNetwork::FakeNetwork(const NetworkMachine& machine, Ledger& ledger, Complaints& complaints)
    : machine_(machine), ledger_(ledger), complaints_(complaints), connected_(machine.connected) {
  for (int kind = 0; kind < 3; ++kind) {
    Binding* const binding = &bindings_[kind];
    binding->network = this;
    binding->kind = kind;
    binding->create_child = [](uefi::ServiceBinding* self, Handle* child) {
      SERVICE(Binding, create_child);
      return n.create(t.kind, child);
    };
    binding->destroy_child = [](uefi::ServiceBinding* self, Handle child) {
      // Refused or not: the program did what it could.
      auto& t = *static_cast<Binding*>(self);
      const auto answer = t.network->ledger_.refusal(Service::destroy_child);
      const Status done = t.network->destroy(t.kind, child);
      return answer.value_or(done);
    };
  }
  dhcp_reply_.assign(sizeof(uefi::Dhcp4Packet), 0);
  if (machine.name_server) dhcp_reply_.insert(dhcp_reply_.end(), {6, 4, 10, 0, 2, 3});
  dhcp_reply_.push_back(255);
  auto* const packet = reinterpret_cast<uefi::Dhcp4Packet*>(dhcp_reply_.data());
  packet->size = uint32_t(dhcp_reply_.size());
  packet->length = packet->size - 8 + machine.dhcp_lies;
  mode_.media_present_supported = Boolean::yes;
  mode_.media_present = uefi::to_boolean(machine.cable);
  snp_.mode = &mode_;
  snp_.network = this;
  snp_.get_status = [](uefi::SimpleNetwork* self, uint32_t*, void**) {
    SERVICE(Snp, get_status);
    return Status::success;
  };
  if (machine.boot_url.empty()) return;
  const auto node = [&](uint8_t type, uint8_t sub_type, std::vector<uint8_t> data) {
    const size_t length = data.size() + 4;
    boot_path_.insert(boot_path_.end(), {type, sub_type, uint8_t(length), uint8_t(length >> 8)});
    boot_path_.insert(boot_path_.end(), data.begin(), data.end());
  };
  std::vector<uint8_t> ip4(23);
  std::memcpy(&ip4[0], "\x0a\x00\x02\x0f", 4);
  std::memcpy(&ip4[19], "\xff\xff\xff\x00", 4);
  node(3, 11, std::vector<uint8_t>(33));
  node(3, 12, ip4);
  if (machine.boot_url != "pxe") node(3, 24, {machine.boot_url.begin(), machine.boot_url.end()});
  node(0x7f, 0xff, {});
}

FakeNetwork::~FakeNetwork() = default;

uefi::Handle FakeNetwork::card() const { return handle(kCard); }
uefi::Handle FakeNetwork::boot_handle() const { return boot_path_.empty() ? nullptr : handle(kBoot); }

void* FakeNetwork::interface(Handle of, const uefi::Guid& guid) {
  if (of == handle(kBoot) && guid == uefi::DevicePathProtocol::kGuid && !boot_path_.empty()) return boot_path_.data();
  if (!is_up()) return nullptr;
  if (of == card()) {
    if (guid == uefi::Tcp4::kBindingGuid) return static_cast<uefi::ServiceBinding*>(&bindings_[0]);
    if (guid == uefi::Dhcp4::kBindingGuid) return static_cast<uefi::ServiceBinding*>(&bindings_[1]);
    if (guid == uefi::Dns4::kBindingGuid) return static_cast<uefi::ServiceBinding*>(&bindings_[2]);
    if (guid == uefi::SimpleNetwork::kGuid) return static_cast<uefi::SimpleNetwork*>(&snp_);
  }
  if (const auto found = tcps_.find(of); found != tcps_.end() && guid == uefi::Tcp4::kGuid)
    return static_cast<uefi::Tcp4*>(found->second.get());
  if (const auto found = dhcps_.find(of); found != dhcps_.end() && guid == uefi::Dhcp4::kGuid)
    return static_cast<uefi::Dhcp4*>(found->second.get());
  if (const auto found = names_.find(of); found != names_.end() && guid == uefi::Dns4::kGuid)
    return static_cast<uefi::Dns4*>(found->second.get());
  return nullptr;
}

void FakeNetwork::signal(uefi::CompletionToken& token, Status status) {
  token.status = status;
  signalled_.insert(token.event);
}

bool FakeNetwork::awaits(uefi::Event event) const {
  bool found = false;
  for (const auto& [_, tcp] : tcps_)
    tcp->each_token([&](uefi::CompletionToken& token) { found |= token.event == event; });
  for (const auto& [_, dhcp] : dhcps_) found |= dhcp->completion == event;
  for (const auto& [_, dns] : names_) found |= dns->asked && dns->asked->completion.event == event;
  return found;
}

Status FakeNetwork::create(int kind, Handle* child) {
  *child = handle(kFirstChild + 8 * ++made_);
  if (kind == 0) {
    auto made = std::make_unique<Tcp>();
    made->network = this;
    made->get_mode_data = [](uefi::Tcp4* self, uint32_t* state, uefi::Tcp4ConfigData* config, void*, void*, void*) {
      SERVICE(Tcp, tcp_get_mode_data);
      if (state) *state = t.connected ? 4 : 0;
      if (config) config->access_point.remote = {{10, 0, 2, 2}};
      return Status::success;
    };
    made->configure = [](uefi::Tcp4* self, const uefi::Tcp4ConfigData* config) {
      auto& own = *static_cast<Tcp*>(self);
      const auto refused = own.network->ledger_.refusal(Service::tcp_configure);
      if (!config) {  // refused or not
        if (own.connected && !own.goodbye)
          own.network->complaints_.add("the other side of a connection is not told that it has ended");
        own.flush();
        return refused.value_or(Status::success);
      }
      if (refused) return *refused;
      if (own.configured) return Status::access_denied;
      own.configured = true;
      own.listens = !uefi::is_true(config->access_point.active);
      if (uefi::is_true(config->access_point.use_default_address)) return Status::no_mapping;
      return Status::success;
    };
    made->routes = [](uefi::Tcp4* self, Boolean, const uefi::Ip4Address*, const uefi::Ip4Address*,
                      const uefi::Ip4Address*) {
      SERVICE(Tcp, tcp_routes);
      return t.configured ? Status::success : Status::not_started;
    };
    made->connect = [](uefi::Tcp4* self, uefi::CompletionToken* token) {
      SERVICE(Tcp, tcp_connect);
      if (!t.configured || t.listens || t.connected) return Status::access_denied;
      t.connecting = token;
      return Status::success;
    };
    made->accept = [](uefi::Tcp4* self, uefi::Tcp4ListenToken* token) {
      SERVICE(Tcp, tcp_accept);
      if (!t.listens) return Status::not_started;
      t.accepting.push_back(token);
      return Status::success;
    };
    made->transmit = [](uefi::Tcp4* self, uefi::Tcp4IoToken* token) {
      SERVICE(Tcp, tcp_transmit);
      if (!t.connected) return Status::not_started;
      if (t.transmitting) n.complaints_.add("two packets are sent at a time");
      if (token->transmit->length != token->transmit->fragment.length) return Status::invalid_parameter;
      t.transmitting = token;
      t.asked_at = fake_time::now();
      return Status::success;
    };
    made->receive = [](uefi::Tcp4* self, uefi::Tcp4IoToken* token) {
      SERVICE(Tcp, tcp_receive);
      if (!t.connected) return Status::not_started;
      if (t.receiving) n.complaints_.add("a second receive while the first goes on");
      if (t.speaks && t.speech.bytes.empty() && t.speech.ending == Ending::close) return uefi::kConnectionFin;
      t.receiving = token;
      return Status::success;
    };
    made->close = [](uefi::Tcp4* self, uefi::Tcp4CloseToken* token) {
      static_cast<Tcp*>(self)->goodbye = true;  // refused or not
      SERVICE(Tcp, tcp_close);
      if (!t.connected || t.closing) return Status::access_denied;
      t.closing = token;
      t.asked_at = fake_time::now();
      if (uefi::is_true(token->abort)) t.flush();
      return Status::success;
    };
    made->cancel = [](uefi::Tcp4* self, uefi::CompletionToken* token) {
      SERVICE(Tcp, tcp_cancel);
      if (!t.receiving || &t.receiving->completion != token) return Status::not_found;
      t.receiving = nullptr;
      n.signal(*token, Status::aborted);
      return Status::success;
    };
    made->poll = [](uefi::Tcp4* self) {
      SERVICE(Tcp, tcp_poll);
      return n.step() ? Status::success : Status::not_ready;
    };
    tcps_[*child] = std::move(made);
    return Status::success;
  }
  if (kind == 2) {
    auto made = std::make_unique<Dns>();
    made->network = this;
    made->configure = [](uefi::Dns4* self, const uefi::Dns4ConfigData* config) {
      SERVICE(Dns, dns_configure);
      t.configured = config;
      return Status::success;
    };
    made->host_name_to_ip = [](uefi::Dns4* self, const uefi::Char16* name, uefi::Dns4Token* token) {
      SERVICE(Dns, dns_look_up);
      if (!t.configured) return Status::not_started;
      const std::u16string units = name;
      t.name.assign(units.begin(), units.end());
      t.asked = token;
      return Status::success;
    };
    made->poll = [](uefi::Dns4* self) {
      SERVICE(Dns, dns_poll);
      if (!t.asked || !n.machine_.names_answered) return Status::not_ready;
      uefi::Dns4Token& token = *t.asked;
      t.asked = nullptr;
      const bool known = t.name == n.machine_.known_name;
      if (known) {
        token.addresses = static_cast<uefi::Dns4Addresses*>(n.allocate_pool(sizeof(uefi::Dns4Addresses)));
        token.addresses->count = 1;
        token.addresses->list = static_cast<uefi::Ip4Address*>(n.allocate_pool(4));
        *token.addresses->list = {{10, 0, 2, 2}};
      }
      n.signal(token.completion, known ? Status::success : Status::not_found);
      return Status::success;
    };
    made->cancel = [](uefi::Dns4* self, uefi::Dns4Token* token) {
      SERVICE(Dns, dns_cancel);
      if (t.asked != token) return Status::not_found;
      t.asked = nullptr;
      n.signal(token->completion, Status::aborted);
      return Status::success;
    };
    names_[*child] = std::move(made);
    return Status::success;
  }
  auto made = std::make_unique<Dhcp>();
  made->network = this;
  if (machine_.dhcp_renewing) made->state = uefi::Dhcp4State::renewing;
  made->get_mode_data = [](uefi::Dhcp4* self, uefi::Dhcp4ModeData* mode) {
    SERVICE(Dhcp, dhcp_get_mode_data);
    *mode = {};
    mode->state = t.state;
    if (t.state == uefi::Dhcp4State::bound || t.state == uefi::Dhcp4State::renewing) {
      mode->client_address = {{10, 0, 2, 15}};
      mode->router_address = {{10, 0, 2, 2}};
      mode->subnet_mask = {{255, 255, 255, 0}};
      mode->reply_packet = reinterpret_cast<const uefi::Dhcp4Packet*>(n.dhcp_reply_.data());
    }
    return Status::success;
  };
  made->configure = [](uefi::Dhcp4* self, const uefi::Dhcp4ConfigData* config) {
    SERVICE(Dhcp, dhcp_configure);
    if (config) t.state = uefi::Dhcp4State::init;
    return Status::success;
  };
  made->start = [](uefi::Dhcp4* self, uefi::Event event) {
    SERVICE(Dhcp, dhcp_start);
    if (t.state != uefi::Dhcp4State::init) return Status::not_started;
    if (!event) n.complaints_.add("DHCP without an event does not come back");
    t.completion = event;
    if (!n.machine_.dhcp) return Status::success;
    t.state = uefi::Dhcp4State::bound;
    t.completion = nullptr;
    n.signalled_.insert(event);
    return Status::success;
  };
  made->stop = [](uefi::Dhcp4* self) {
    auto& own = *static_cast<Dhcp*>(self);
    const auto refused = own.network->ledger_.refusal(Service::dhcp_stop);
    own.completion = nullptr;
    own.state = uefi::Dhcp4State::stopped;
    return refused.value_or(Status::success);
  };
  dhcps_[*child] = std::move(made);
  return Status::success;
}

#undef SERVICE

Status FakeNetwork::destroy(int kind, Handle child) {
  if (kind) {
    if (!(kind == 1 ? dhcps_.erase(child) : names_.erase(child)))
      complaints_.add("an instance of DHCP or DNS is destroyed that is none");
    return Status::success;
  }
  const auto found = tcps_.find(child);
  if (found == tcps_.end()) {
    complaints_.add("an instance of TCP is destroyed that is none");
    return Status::invalid_parameter;
  }
  found->second->flush();
  gone_.push_back(std::move(found->second));
  tcps_.erase(found);
  return Status::success;
}

/// Time passes for every connection.
bool FakeNetwork::step() {
  std::vector<Tcp*> all;
  for (const auto& [_, tcp] : tcps_) all.push_back(tcp.get());
  bool moved = false;
  for (Tcp* tcp : all) moved |= step(*tcp);
  return moved;
}

/// The server reads what it was sent, and thinks of an answer.
void FakeNetwork::hear(Tcp& tcp) {
  if (tcp.visitor || tcp.speaks || tcp.heard.find("\r\n\r\n") == std::string::npos) return;
  const size_t from = tcp.heard.find(' ') + 1;
  const std::string path = tcp.heard.substr(from, tcp.heard.find(' ', from) - from);
  const auto found = machine_.served.find(path);
  tcp.speech = found != machine_.served.end() ? found->second : web_answer("", "404 Not Found");
  tcp.speaks = true;
}

bool FakeNetwork::step(Tcp& tcp) {
  if (tcp.connecting && machine_.answers) {
    uefi::CompletionToken& token = *tcp.connecting;
    tcp.connecting = nullptr;
    tcp.connected = machine_.listens;
    signal(token, tcp.connected ? Status::success : uefi::kConnectionRefused);
    return true;
  }
  if (!tcp.accepting.empty() && next_visitor_ < machine_.visitors.size()) {
    uefi::Tcp4ListenToken& token = *tcp.accepting.front();
    tcp.accepting.erase(tcp.accepting.begin());
    (void)create(0, &token.new_child);
    Tcp& visitor = *tcps_[token.new_child];
    visitor.speech = machine_.visitors[next_visitor_++];
    visitor.configured = visitor.connected = visitor.visitor = visitor.speaks = true;
    visitor.told = told_.size();
    told_.emplace_back();
    signal(token.completion, Status::success);
    return true;
  }
  const uint64_t waited = (fake_time::now() - tcp.asked_at) / 1'000'000'000;
  if (tcp.transmitting) {
    if (waited < tcp.speech.takes_seconds) return false;
    uefi::Tcp4IoToken& token = *tcp.transmitting;
    tcp.transmitting = nullptr;
    const auto& fragment = token.transmit->fragment;
    tcp.heard.append(static_cast<const char*>(fragment.data), fragment.length);
    if (tcp.visitor) told_[tcp.told].append(static_cast<const char*>(fragment.data), fragment.length);
    signal(token.completion, Status::success);
    hear(tcp);
    return true;
  }
  if (tcp.closing) {
    if (waited < tcp.speech.parts_seconds) return false;
    uefi::Tcp4CloseToken& token = *tcp.closing;
    tcp.closing = nullptr;
    tcp.connected = false;
    signal(token.completion, Status::success);
    return true;
  }
  if (!tcp.receiving || !tcp.speaks) return false;
  uefi::Tcp4IoToken& token = *tcp.receiving;
  uefi::Tcp4ReceiveData& data = *token.receive;
  if (tcp.speech.bytes.empty()) {
    if (tcp.speech.ending == Ending::silence) return false;
    tcp.receiving = nullptr;
    tcp.connected &= tcp.speech.ending != Ending::reset;
    signal(token.completion, tcp.speech.ending == Ending::reset ? uefi::kConnectionReset : uefi::kConnectionFin);
    return true;
  }
  if (tcp.speech.slow && ++tcp.looks < 1000) return false;
  tcp.looks = 0;
  tcp.receiving = nullptr;
  const size_t at_once = tcp.speech.slow ? 1 : machine_.segment;
  tcp.speech.slow -= tcp.speech.slow != 0;
  const size_t count = std::min<size_t>({tcp.speech.bytes.size(), data.length, at_once});
  std::memcpy(data.fragment.data, tcp.speech.bytes.data(), count);
  tcp.speech.bytes.erase(0, count);
  data.length = data.fragment.length = uint32_t(count);
  if (const Fault* fault = ledger_.call(Service::tcp_delivers)) {
    if (fault->kind == Fault::Kind::refusal) {
      signal(token.completion, fault->status);
      return true;
    }
    data.length += 1 << 20;  // a lie
  }
  signal(token.completion, Status::success);
  return true;
}

void FakeNetwork::check_restored() {
  if (!tcps_.empty()) complaints_.add("an instance of TCP was not given back");
  if (!names_.empty()) complaints_.add("an instance of DNS was not given back");
  if (!dhcps_.empty()) complaints_.add("an instance of DHCP was not given back");
}

Speech web_answer(const std::string& body, const std::string& status) {
  return {"HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body, Ending::close};
}

}  // namespace test
