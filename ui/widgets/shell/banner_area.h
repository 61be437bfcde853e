// Errors and warnings at the top of the page that asked: what stopped, why with numbers, what is kept, and up
// to two actions that solve it. One is shown, the newest; the others wait behind "2 more". Never a modal box.
#pragma once

#include <QString>
#include <QWidget>

#include <functional>
#include <vector>

class QBoxLayout;
class QLabel;
class QToolButton;

namespace moa {

struct BannerAction {
    QString text;
    std::function<void()> run;
    QString icon = {};
    bool dismisses = true; ///< the banner goes once the action ran
};

enum class BannerKind { Error, Warning };

struct Banner {
    QString title;                          ///< "Validation of c1 stopped at N 48k, batch 16"
    QString detail = {};                    ///< "The dense reference needs 98.6 GiB; 58.9 GiB is free."
    std::vector<BannerAction> actions = {}; ///< the first two are shown
    BannerKind kind = BannerKind::Error;
    bool hasLog = true;
};

class BannerArea : public QWidget {
    Q_OBJECT
public:
    explicit BannerArea(QWidget* parent = nullptr);

    /// Shows it and announces it; returns its number. Focus moves to it only if it was in `failed` or below
    /// it.
    int post(const Banner& banner, const QWidget* failed = nullptr);
    void dismiss(int number); ///< an unknown number is ignored
    void clear();
    int count() const { return int(m_banners.size()); }
    /// The newest one; nullptr: none.
    const Banner* current() const { return m_banners.empty() ? nullptr : &m_banners.back().banner; }

signals:
    void logRequested();

protected:
    void paintEvent(QPaintEvent* event) override;
    bool event(QEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    struct Entry {
        int number;
        Banner banner;
    };
    void rebuild();
    void showOthers();
    void fit();

    std::vector<Entry> m_banners; ///< oldest first
    int m_next = 1;
    QWidget* m_row = nullptr;
    QBoxLayout* m_texts = nullptr;
    QLabel *m_title = nullptr, *m_detail = nullptr;
    QToolButton* m_close = nullptr;
};

} // namespace moa
