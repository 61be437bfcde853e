// The other layers of a Llama block in double precision: rotary embedding, RMSNorm and SwiGLU, each with the
// backward pass by its activations (weights get no gradient in this project). Only tests link this.
#pragma once

#include <cstdint>
#include <vector>

namespace moa::reference {

enum class RopeScalingKind { None, Linear, Llama3 };

/// Rotary frequencies of a model; the fields after `kind` are those of config.json's rope_scaling.
struct RopeSpec {
    double theta = 10000;
    RopeScalingKind kind = RopeScalingKind::None;
    double factor = 1;
    double lowFreqFactor = 1;   ///< Llama3 only
    double highFreqFactor = 4;  ///< Llama3 only
    double originalContext = 0; ///< Llama3 only, tokens
};

/// [d / 2] radians per token. d even. Llama3: wavelengths over originalContext / lowFreqFactor are divided by
/// the factor, those under originalContext / highFreqFactor stay, between them the two are blended.
std::vector<double> ropeFrequencies(std::int64_t d, const RopeSpec& spec);

/// Rotates x [n][d] in place: row r by positions[r] (absolute), the pairs being (x_c, x_{c + d/2}) as in HF.
void rope(double* x, std::int64_t n, std::int64_t d, const std::int64_t* positions,
          const std::vector<double>& frequencies);

/// Gradient of `rope`: rotates dx [n][d] back, in place.
void ropeBackward(double* dx, std::int64_t n, std::int64_t d, const std::int64_t* positions,
                  const std::vector<double>& frequencies);

/// y [n][h] = weight [h] * x [n][h] / sqrt(mean of x^2 over h + eps).
void rmsNorm(const double* x, const double* weight, std::int64_t n, std::int64_t h, double eps, double* y);

/// dx [n][h] (overwritten) from dy [n][h].
void rmsNormBackward(const double* x, const double* weight, const double* dy, std::int64_t n, std::int64_t h,
                     double eps, double* dx);

/// y [count] = silu(gate) * up, silu(z) = z / (1 + exp(-z)).
void swiglu(const double* gate, const double* up, std::int64_t count, double* y);

/// dGate, dUp [count] (overwritten) from dy [count].
void swigluBackward(const double* gate, const double* up, const double* dy, std::int64_t count, double* dGate,
                    double* dUp);

} // namespace moa::reference
