// Every float through every function of rt/math.hpp, against the host's libm: about ten minutes.
// math_sweep [name...]: only these. The figures in rt/math.hpp are this program's.
#include <stdio.h>
#include <string.h>

#include "rt/exp.hpp"
#include "rt/math.hpp"
#include "rt/random.hpp"
#include "tests/unit/math_reference.hpp"

namespace {

using test::Reference;

/// One line of the report.
class Sweep {
 public:
  /// `limit`: the error that is promised, in units of the last place.
  Sweep(const char* name, const Reference& reference, double limit = 0.5)
      : name_(name), reference_(reference), limit_(limit) {}

  void check(float x, float y, float result) {
    ++tested_;
    const float nearest = reference_.nearest(x, y, undecided_);
    if (test::same(result, nearest)) return;
    ++not_nearest_;
    const double error = reference_.error(x, y, result);
    if (!(error <= limit_) && ++wrong_ <= 5)
      printf("  %s(%a, %a) = %a, nearest is %a\n", name_, x, y, result, nearest);
    if (!(error <= worst_)) worst_ = error;
  }
  void compare(float result, float host) { unlike_host_ += !test::same(result, host); }

  /// True when the promise was kept.
  bool report(const char* range) const {
    printf("%-4s %s: %llu floats, %llu not nearest, error <= %.5f ulp, %llu undecided, ", name_,
           range, tested_, not_nearest_, worst_, (unsigned long long)undecided_);
    printf("%llu unlike the host's\n", unlike_host_);
    fflush(stdout);
    return wrong_ == 0;
  }

 private:
  const char* name_;
  const Reference& reference_;
  const double limit_;
  unsigned long long tested_ = 0, not_nearest_ = 0, wrong_ = 0, unlike_host_ = 0;
  uint64_t undecided_ = 0;
  double worst_ = 0.5;  // of what is nearest
};

bool sweep_all(const char* name, const Reference& reference, double limit, float (*f)(float),
               float (*host)(float)) {
  Sweep sweep(name, reference, limit);
  for (uint64_t bits = 0; bits <= 0xffffffff; ++bits) {
    const float x = std::bit_cast<float>(uint32_t(bits));
    const float result = f(x);
    sweep.check(x, 0, result);
    sweep.compare(result, host(x));
  }
  return sweep.report("every float");
}

bool sweep_power(const char* name, const Reference& reference, float exponent, const char* range) {
  Sweep sweep(name, reference);
  for (uint32_t bits = 0; bits <= 0x7f800000; ++bits) {
    const float x = std::bit_cast<float>(bits);
    sweep.check(x, exponent, rt::pow(x, exponent));
    sweep.compare(rt::pow(x, exponent), powf(x, exponent));
  }
  return sweep.report(range);
}

/// The quick way to e^x gives the same bits as the steps that vectors take.
bool sweep_exp_steps() {
  unsigned long long different = 0;
  for (uint64_t bits = 0; bits <= 0xffffffff; ++bits) {
    const float x = std::bit_cast<float>(uint32_t(bits));
    different += !test::same(rt::exp(x), rt::exp_in_double(x));
  }
  printf("exp  every float: %llu unlike exp_in_double\n", different);
  return different == 0;
}

/// The frequencies of rotary embeddings: base^(i/n).
bool sweep_rope() {
  Sweep sweep("pow", test::kPow);
  for (const float base : {10000.0f, 100000.0f, 500000.0f, 1000000.0f})
    for (uint32_t n = 2; n <= 4096; n += 2)
      for (uint32_t i = 0; i < n; ++i) {
        const float y = float(i) / float(n);
        sweep.check(base, y, rt::pow(base, y));
        sweep.compare(rt::pow(base, y), powf(base, y));
      }
  return sweep.report("10^4, 10^5, 5*10^5, 10^6 to i/n, n <= 4096 even");
}

/// Any base, and an exponent for which the result is a normal or subnormal float.
bool sweep_pairs(uint64_t count) {
  Sweep sweep("pow", test::kPow);
  rt::Random random(1);
  while (count) {
    const float x = std::bit_cast<float>(random.next() >> 1);
    const float y = std::bit_cast<float>(random.next());
    const double power = log2(double(x)) * y;
    if (!(power > -151 && power < 129)) continue;
    --count;
    sweep.check(x, y, rt::pow(x, y));
    sweep.compare(rt::pow(x, y), powf(x, y));
  }
  return sweep.report("random pairs, 2^-151 < result < 2^129");
}

}  // namespace

int main(int argc, char** argv) {
  const auto wanted = [&](const char* name) {
    for (int i = 1; i < argc; ++i)
      if (strcmp(argv[i], name) == 0) return true;
    return argc == 1;
  };
  bool good = true;
  using namespace test;
  if (wanted("exp")) good &= sweep_all("exp", kExp, kExpLimit, rt::exp, expf);
  if (wanted("exp")) good &= sweep_exp_steps();
  if (wanted("sin")) good &= sweep_all("sin", kSin, kSinLimit, rt::sin, sinf);
  if (wanted("cos")) good &= sweep_all("cos", kCos, kCosLimit, rt::cos, cosf);
  if (wanted("log")) good &= sweep_all("log", kLog, 0.5, rt::log, logf);
  if (wanted("sqrt")) good &= sweep_all("sqrt", kRoot, 0.5, rt::sqrt, sqrtf);
  if (wanted("pow")) {
    good &= sweep_power("pow", test::kSquare, 2, "every x >= 0, squared");
    good &= sweep_power("pow", test::kRoot, 0.5f, "every x >= 0, to 1/2");
    good &= sweep_power("pow", test::kInverse, -1, "every x >= 0, to -1");
    good &= sweep_rope();
    good &= sweep_pairs(1'000'000'000);
  }
  return good ? 0 : 1;
}
