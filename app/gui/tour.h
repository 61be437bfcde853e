// moa-workbench --tour DIR: drives the real window through a written script of user actions on moa-tiny, saves a picture
// after each step and tour.json with timings. It makes the README's pictures and checks machines without a screen.
#pragma once

#include "app/gui/user_hand.h"
#include "app/gui/workbench.h"

#include <QDir>
#include <QElapsedTimer>
#include <QJsonArray>
#include <QJsonObject>

class QPushButton;
class QWidget;

namespace moa {

struct TourOptions {
    QString folder;
    int tokens = 4096;          ///< of the sample prompt
    QSize size{1600, 1000};
    qint64 startedAt = 0;       ///< ms since the epoch when the program began; 0: unknown
};

class Tour {
public:
    Tour(Workbench& workbench, const TourOptions& options);
    /// True when every step ended as the script says. Throws Error when the folder cannot be written.
    bool run();

private:
    static constexpr int kLong = 30'000; ///< ms that loads and captures may take on a slow machine
    static QPushButton* buttonNamed(QWidget* parent, const QString& text); ///< visible; null: none
    void picture(const QString& name, QWidget* of = nullptr); ///< null: the window
    void expect(bool ok, const QString& what);
    void start();
    void openModel();
    void loadModel();
    void capture();
    void heatmapFrames();
    void dragEdge();
    void findHead();
    void influence();
    /// The Plan page: typed spans, a pin, the rule line under the hand, with the time of each frame.
    void plan();
    /// Its speed and kernel times, measured.
    void planSpeeds();
    /// The Search page: a bound under the hand, the front, plans measured, one applied and taken back.
    void search();
    /// The question of a profile, plans at a held-out length and on tasks; each is cancelled once there is something to see.
    void searchMeasures();
    /// The Compare page: to the divergence, the blamed head and the needle grid.
    void compare();
    void compareNeedles();
    /// The History page: runs of the command line program found, compared, repeated.
    void history();
    void fillHistory(const QString& folder);
    /// Runs `moa` into the tour's history; true when it ended well.
    bool runMoa(const QString& folder, const QStringList& arguments);
    void dark();
    void eject();
    void write();
    /// Time of each of `frames` frames, from the event to the painted view.
    QJsonObject frames(const QString& name, int count, const std::function<void(int)>& act);

    Workbench& m_workbench;
    TourOptions m_options;
    QDir m_folder;
    UserHand m_hand;
    QJsonObject m_times;
    QJsonArray m_pictures, m_failures;
    int m_step = 0;
};

} // namespace moa
